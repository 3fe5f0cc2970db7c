"""What the real server believes about where somebody comes from."""

import pytest

pytestmark = pytest.mark.xdist_group("running")


def guess(running, email, forwarded):
    body = {"email": email, "password": "not the password"}
    return running.ask("POST", "/api/auth/login", json=body, headers={"X-Forwarded-For": forwarded}).status_code


def test_an_address_that_is_made_up_in_front_of_the_proxys_own_gives_no_further_guesses(running):
    codes = [guess(running, "ann@shop.com", f"198.51.100.{number}, 203.0.113.5") for number in range(6)]
    assert codes == [401] * 5 + [429]
    assert guess(running, "ann@shop.com", "203.0.113.6") == 401


@pytest.mark.parametrize(
    "name", ["X-Real-IP", "Client-IP", "Forwarded", "X-Client-IP", "True-Client-IP", "X-Forwarded"]
)
def test_other_headers_about_the_address_are_not_believed(running, name):
    attempts = running.store.connection.database["attempts"]
    body = {"email": "ann@shop.com", "password": "not the password"}
    running.ask("POST", "/api/auth/login", json=body, headers={name: "for=203.0.113.7"})
    assert [attempt["address"] for attempt in attempts.find()] == ["127.0.0.1"]


def test_what_happened_is_on_the_console_with_its_time(running):
    guess(running, "ann@shop.com", "203.0.113.99")
    lines = [line for line in running.console.read_text().splitlines() if "203.0.113.99" in line]
    assert len(lines) == 1
    time, level, logger = lines[0].split(" ", 3)[:3]
    assert (time[10], time[-1], level, logger) == ("T", "Z", "INFO", "kinso.security:")
    assert "ann@shop.com" not in running.console.read_text()
