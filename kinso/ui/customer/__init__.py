"""The page of one customer: who they are, what they bought, and everything that can be done for them at the till."""
