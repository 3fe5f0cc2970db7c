for (const toggle of document.querySelectorAll(".toggle")) {
  const input = document.getElementById(toggle.getAttribute("aria-controls"));
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    const show = input.type === "password";
    input.type = show ? "text" : "password";
    toggle.textContent = show ? "Hide" : "Show";
    toggle.setAttribute("aria-label", show ? "Hide password" : "Show password");
    input.focus();
  });
}
for (const form of document.forms) {
  const button = form.querySelector(".button");
  form.addEventListener("submit", (event) => {
    if (button.getAttribute("aria-disabled") === "true") event.preventDefault();
    button.setAttribute("aria-disabled", "true");
  });
  addEventListener("pageshow", () => button.removeAttribute("aria-disabled"));
}
