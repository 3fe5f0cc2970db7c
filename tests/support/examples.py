"""How much hypothesis tries.

`pytest --hypothesis-profile=long` tries ten times as much, and other examples each time.
"""

from hypothesis import HealthCheck, settings

USUAL = "usual"
_EITHER = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
settings.register_profile(USUAL, _EITHER, max_examples=100, derandomize=True)
settings.register_profile("long", _EITHER, max_examples=1000)


def fewer_examples() -> settings:
    """For tests that ask a database at every example: `@fewer_examples()`."""
    return settings(max_examples=settings.default.max_examples // 5)
