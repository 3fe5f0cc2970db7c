"""What happened to customers: told, filtered, downloaded and taken back."""
