"""The customers page: what is shown, what was typed over it, and what became of that."""
