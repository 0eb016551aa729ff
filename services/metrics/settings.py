"""What metrics is told beside what every service is told."""

from typing import Annotated

from pydantic import Field

from services.metrics.confidentiality import FLOOR, K
from shared.settings import Settings


class MetricsSettings(Settings):
    """Settings of the metrics service."""

    k_scores: Annotated[int, Field(ge=FLOOR)] = K
    """No number about fewer distinct people than this leaves the service."""
