"""Purchases on the page of a customer: recorded, refunded, listed."""
