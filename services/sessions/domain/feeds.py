"""The secret in a calendar address."""

import hashlib
import secrets


def new_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """SHA-256: so random a token needs no slower hash."""
    return hashlib.sha256(token.encode()).digest()
