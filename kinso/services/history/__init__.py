"""Use cases about changes and runs: the history, undo, trash, erasure."""
