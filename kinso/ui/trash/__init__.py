"""Deleted customers, and people who are to be forgotten."""
