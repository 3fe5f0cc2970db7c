"""Use cases about membership: eligibility, activation, demotion, status."""
