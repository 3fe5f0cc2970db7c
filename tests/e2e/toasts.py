"""What a page told in passing: a toast is gone after some seconds, and a busy machine may look too late."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.e2e.grid import until

RECORD_TOASTS = """
window.toasts = new Set();
new MutationObserver(() => {
    for (const toast of document.querySelectorAll("[data-testid=stToast]")) {
        window.toasts.add(toast.textContent);
    }
}).observe(document, {childList: true, characterData: true, subtree: true});
"""
"""A script for every page of a browser context."""


def expect_toast(page: Page, text: str) -> None:
    """A toast with this text is shown, or was since the page was loaded."""
    until(lambda: page.evaluate("[...window.toasts]"), lambda shown: any(text in one for one in shown))
