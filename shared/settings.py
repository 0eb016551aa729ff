"""What a process is told by its environment: `LATERAL_<SERVICE>_<NAME>` wins over `LATERAL_<NAME>`."""

import socket
from typing import Annotated, TypeVar

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict


class Wrapping(BaseSettings):
    """`LATERAL_WRAPPING_KEYS`, read where keys of people are kept."""

    model_config = SettingsConfigDict(env_prefix="LATERAL_", extra="ignore", frozen=True)

    wrapping_keys: tuple[SecretStr, ...] = ()
    """What the keys of people are encrypted with, as a JSON list of Fernet keys, the newest first."""

    @field_validator("wrapping_keys")
    @classmethod
    def _are_fernet_keys(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for key in value:
            try:
                Fernet(key.get_secret_value())
            except ValueError:
                raise ValueError("is no list of Fernet keys (32 bytes in URL-safe base64)") from None
        return value


class Settings(Wrapping):
    """The variables every service understands; a service's own settings add only what differs."""

    service: str
    instance: str = Field(default_factory=socket.gethostname)
    """Names this replica; a restart under the same name takes its Kafka partitions over at once."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    worker_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Health and metrics of the worker; 0 takes any free port."""
    drain_seconds: Annotated[float, Field(ge=0)] = 0.0
    """How long an API that was told to stop still answers, so that balancers see /readyz and go elsewhere."""
    log_level: str = "INFO"

    database_url: str
    pool_size: Annotated[int, Field(ge=1)] = 8
    acquire_timeout: float = 0.75
    """Seconds until a request is told to come again; with the telling, half as long again must be enough."""
    command_timeout: float = 15.0
    connect_timeout: float = 5.0

    kafka_bootstrap: str = "127.0.0.1:19092"
    kafka_security_protocol: str = "PLAINTEXT"
    kafka_sasl_mechanism: str = "SCRAM-SHA-512"
    kafka_username: str | None = None
    kafka_password: str | None = None
    kafka_ca_file: str | None = None
    kafka_replication: Annotated[int, Field(ge=1)] = 1
    kafka_session_seconds: Annotated[int, Field(ge=6)] = 30
    """How long a reader may be silent before the others of its group take its partitions."""
    kafka_idle_seconds: float = 0.0
    """How long at most to leave a broker alone that had nothing: for one that answers at once and does not wait."""
    topic_prefix: str = ""
    batch_size: Annotated[int, Field(ge=1)] = 1000

    issuer: str = "http://127.0.0.1:8100"
    audience: str = "lateral"
    jwks_url: str | None = None
    """Read from the issuer's discovery document when unset."""
    person_claim: str = "person_id"
    roles_claim: str = "roles"

    retention_days: dict[str, Annotated[int, Field(ge=1)]] = {}
    """Days by data class, as JSON, where they differ from the catalogue's."""

    otlp_endpoint: str | None = None
    """Base URL of an OTLP/HTTP collector; unset sends no traces."""
    trace_sample_ratio: Annotated[float, Field(ge=0, le=1)] = 1.0

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the service's own variables before the general ones."""
        service = init_settings()["service"]
        own = EnvSettingsSource(settings_cls, env_prefix=f"LATERAL_{service.upper()}_")
        return init_settings, own, env_settings, file_secret_settings


S = TypeVar("S", bound=Settings)


class WrongSettings(Exception):
    """What is missing or wrong in the environment, a variable a line; no value is shown."""


def load(cls: type[S], service: str, **overrides: object) -> S:
    """Settings of `service` from the environment; `overrides` win. Raises WrongSettings naming the variables."""
    try:
        return cls(service=service, **overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False)
        names = ("_".join(("lateral", service, *map(str, problem["loc"]))).upper() for problem in problems)
        lines = (f"{name}: {problem['msg']}" for name, problem in zip(names, problems, strict=True))
        raise WrongSettings("\n".join(lines)) from None
