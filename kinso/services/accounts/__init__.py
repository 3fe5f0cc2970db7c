"""Use cases about accounts: users, sign-in, passwords, tokens, throttle."""
