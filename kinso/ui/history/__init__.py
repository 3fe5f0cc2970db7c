"""What happened to customers: told, filtered, downloaded and undone."""
