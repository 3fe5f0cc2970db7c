"""What the database keeps of a secret."""

from __future__ import annotations

import hashlib


def hash_of(secret: str) -> str:
    """Enough to know a secret again; plain SHA-256 will do, because secrets are random and long."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
