"""What services say about the delivery of events itself."""

from typing import Annotated

from pydantic import Field

from shared.events.base import Code, Event, Moment
from shared.events.topics import METRICS_RECONCILIATIONS

Count = Annotated[int, Field(ge=0)]


class TopicReconciled(Event):
    """A service has looked for every event it took from a topic, one by one: how many, and how many were nowhere."""

    event_type = "org.lateral.metrics.topic.reconciled.v1"
    topic = METRICS_RECONCILIATIONS
    key_field = "service"

    service: Code
    topic_name: Code
    checked: Count
    missing: Count
    at: Moment
    """When the partition that was looked at longest ago was."""

    @property
    def source(self) -> str:
        """Every service tells of itself."""
        return f"/{self.service}"
