"""Kinso: the customer and membership back office of a shop."""

__version__ = "0.1.0"
