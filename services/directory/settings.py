"""Variables of the directory."""

from functools import cache
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

import orjson
from joserfc.jwk import ECKey, RSAKey, import_key
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from shared.events.directory import Tag
from shared.settings import Settings

LEAST_BITS = 2048
Source = Literal["hr", "scim"]
PREFIX = "LATERAL_DIRECTORY_SCIM_"


class DirectorySettings(Settings):
    """Only what differs from every service's."""

    port: Annotated[int, Field(ge=1, le=65535)] = 8101
    badge_key: SecretStr | None = None
    """PEM of a private RSA key; lines may be parted by `\\n`. Unset awards no badges."""
    badge_issuer_url: Annotated[str, Field(pattern=r"^https?://[^/]+[^?#]*[^/?#]$")] = "http://127.0.0.1:8101"
    """Where the world reaches this service: what a badge names to be verified by."""
    posting_networks: tuple[str, ...] = ()
    """Networks of ours, in CIDR notation, that event tokens may be pushed to, also by plain http."""
    experiences: Annotated[tuple[Tag, ...], Field(max_length=1000)] = (
        *("first leadership", "first project lead", "new country", "new function", "return after years"),
        *("reorganization", "system migration", "product launch", "crisis", "failed project", "merger", "outsourcing"),
    )
    """What people may say they have been through: at work, and nothing that would tell of a protected attribute."""
    badge_issuer_name: Annotated[str, Field(min_length=1, max_length=200)] = "Lateral"

    @model_validator(mode="after")
    def _provisioning_is_set_right(self) -> Self:
        """At the start, not at the first request that needs it."""
        try:
            provisioning()
        except ValidationError as error:
            problems = error.errors(include_input=False, include_url=False)
            named = (f"{PREFIX}{'.'.join(map(str, problem['loc'])).upper()}: {problem['msg']}" for problem in problems)
            raise ValueError("; ".join(named)) from None
        except SettingsError as error:
            raise ValueError(f"{PREFIX}...: {error}") from None
        return self

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
    region: Source = "hr"


class Provisioning(BaseSettings):
    """`LATERAL_DIRECTORY_SCIM_<NAME>`: read where people are derived, by the api and by the worker alike."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

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

    @field_validator("time_zone")
    @classmethod
    def _is_a_time_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("is not a time zone of the IANA database")
        return value

    @field_validator("event_key")
    @classmethod
    def _is_a_private_jwk(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            try:
                key = import_key(orjson.loads(value.get_secret_value()))
            except Exception:  # noqa: BLE001 - whatever the library says could quote the key
                raise ValueError("is not a JSON Web Key") from None
            if not isinstance(key, RSAKey | ECKey) or not key.is_private:
                raise ValueError("is not a private RSA or EC key")
        return value


@cache
def provisioning() -> Provisioning:
    """The settings of provisioning, read once."""
    return Provisioning()
