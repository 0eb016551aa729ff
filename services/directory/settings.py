"""Variables of the directory."""

from typing import Annotated

from joserfc.jwk import RSAKey
from pydantic import Field, SecretStr, field_validator

from shared.settings import Settings

LEAST_BITS = 2048


class DirectorySettings(Settings):
    """Only what differs from every service's."""

    port: Annotated[int, Field(ge=1, le=65535)] = 8101
    badge_key: SecretStr | None = None
    """PEM of a private RSA key; lines may be parted by `\\n`. Unset awards no badges."""
    badge_issuer_url: Annotated[str, Field(pattern=r"^https?://[^/]+[^?#]*[^/?#]$")] = "http://127.0.0.1:8101"
    """Where the world reaches this service: what a badge names to be verified by."""
    badge_issuer_name: Annotated[str, Field(min_length=1, max_length=200)] = "Lateral"

    @field_validator("badge_key")
    @classmethod
    def _is_a_private_rsa_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            signing_key(value)
        return value


def signing_key(pem: SecretStr) -> RSAKey:
    """The key in a PEM. Raises ValueError when it is no private RSA key of 2048 bits or more."""
    try:
        key = RSAKey.import_key(pem.get_secret_value().replace("\\n", "\n"))
    except Exception:  # noqa: BLE001 - whatever the library says could quote the key
        raise ValueError("is not the PEM of an RSA key") from None
    if not key.is_private or key.raw_value.key_size < LEAST_BITS:
        raise ValueError(f"is not a private RSA key of {LEAST_BITS} bits or more")
    return key
