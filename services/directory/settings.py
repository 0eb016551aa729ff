"""Variables of the directory."""

from functools import cache
from typing import Annotated, Literal

from joserfc.jwk import RSAKey
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import Settings

LEAST_BITS = 2048
Source = Literal["hr", "scim"]


class DirectorySettings(Settings):
    """Only what differs from every service's."""

    port: Annotated[int, Field(ge=1, le=65535)] = 8101
    badge_key: SecretStr | None = None
    """PEM of a private RSA key; lines may be parted by `\\n`. Unset awards no badges."""
    badge_issuer_url: Annotated[str, Field(pattern=r"^https?://[^/]+[^?#]*[^/?#]$")] = "http://127.0.0.1:8101"
    """Where the world reaches this service: what a badge names to be verified by."""
    posting_networks: tuple[str, ...] = ()
    """Networks of ours, in CIDR notation, that event tokens may be pushed to, also by plain http."""
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


class Precedence(BaseModel):
    """Whose word counts where HR and an identity system both say something. Where one is silent the other counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    given_name: Source = "hr"
    family_name: Source = "hr"
    display_name: Source = "scim"
    work_email: Source = "scim"
    locale: Source = "hr"
    time_zone: Source = "hr"
    employment_type: Source = "hr"
    job_title: Source = "hr"
    unit_code: Source = "hr"
    manager_employee_number: Source = "hr"
    site_code: Source = "hr"
    country: Source = "hr"


class Provisioning(BaseSettings):
    """`LATERAL_DIRECTORY_SCIM_<NAME>`: read where people are derived, by the api and by the worker alike."""

    model_config = SettingsConfigDict(env_prefix="LATERAL_DIRECTORY_SCIM_", extra="ignore", frozen=True)

    precedence: Precedence = Precedence()
    time_zone: str = "UTC"
    """Of people HR has not spoken of whose account names none."""
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = "ZZ"
    """Likewise."""
    event_issuer: str | None = None
    """Whose security event tokens are taken; unset takes none."""
    event_jwks_url: str | None = None
    """Where that issuer's signing keys are."""
    event_audience: str = "lateral"
    event_key: SecretStr | None = None
    """A private signing key as a JWK; unset publishes nothing."""


@cache
def provisioning() -> Provisioning:
    """The settings of provisioning, read once."""
    return Provisioning()
