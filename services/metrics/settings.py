"""What metrics is told beside what every service is told."""

from typing import Annotated, Literal

from pydantic import Field

from services.metrics.confidentiality import FLOOR, K
from shared.settings import Settings


class MetricsSettings(Settings):
    """Settings of the metrics service."""

    k_scores: Annotated[int, Field(ge=FLOOR)] = K
    """No number about fewer distinct people than this leaves the service."""
    public_url: str = "http://127.0.0.1:8104"
    """Where people reach this service from outside; home page of the names in statements."""
    xapi_url: str | None = None
    """A learning record store's xAPI endpoint; unset tells nobody."""
    xapi_version: Literal["1.0.3", "2.0.0"] = "1.0.3"
    xapi_user: str | None = None
    xapi_password: str | None = None
    smtp_url: str | None = None
    """`smtp[s]://[user:password@]host[:port]`; unset sends no report."""
    report_sender: str = "peer-learning@lateral.invalid"
    report_domains: tuple[str, ...] = ()
    """Domains that reports may be sent to, as JSON; none by default."""
    posting_networks: tuple[str, ...] = ()
    """Networks of ours, in CIDR notation, in which the learning record store may be, also by plain http."""
