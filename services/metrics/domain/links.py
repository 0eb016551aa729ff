"""Links to a file that need no token: signed, for so long, and naming nobody. Pure."""

import hmac
from base64 import urlsafe_b64encode
from uuid import UUID

KEY_BYTES = 32


def sign(key: bytes, export_id: UUID, expires: int) -> str:
    """HMAC-SHA-256 of the file and the second the link ends, in URL-safe base64."""
    said = f"export {export_id} until {expires}".encode()
    return urlsafe_b64encode(hmac.digest(key, said, "sha256")).rstrip(b"=").decode()


def is_signed(key: bytes, export_id: UUID, expires: int, signature: str) -> bool:
    """Whether we have signed this; takes as long whatever is wrong with it."""
    return hmac.compare_digest(sign(key, export_id, expires).encode(), signature.encode())
