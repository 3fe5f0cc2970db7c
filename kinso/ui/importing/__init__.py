"""The import page: a file is chosen, checked, looked at, and then imported."""
