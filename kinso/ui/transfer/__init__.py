"""The import page, and backups."""
