"""Use cases about changes and runs, and the way back: undo, trash, erasure."""
