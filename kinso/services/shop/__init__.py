"""Use cases about the shop: settings, checks, samples."""
