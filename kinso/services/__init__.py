"""Use cases: one function each, with its permission check and its transaction."""
