"""The mirror: what questions about many customers read, in columns in memory; it follows the database."""
