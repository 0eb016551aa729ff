"""Whether the readers have taken what the directory has told: asked of the workers' own metrics."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.story.client import eventually

SETTLED_AFTER = 7.0
"""Lag is looked at every five seconds: a reader without lag for longer than that has read everything."""


class Arrivals:
    """The workers of one stack."""

    def __init__(self, stack: Mapping[str, Any]) -> None:
        self._workers: Mapping[str, str] = stack["workers"]

    async def of(self, writer: str, topic: str, readers: Sequence[str]) -> None:
        """Wait until each reader has taken all that the writer has published on the topic. Raises NeverHappened."""
        began = monotonic()
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            look = partial(self._arrived, client, writer, topic, readers, began)
            await eventually(f"{topic} in {', '.join(readers)}", look)

    async def _arrived(
        self, client: httpx.AsyncClient, writer: str, topic: str, readers: Sequence[str], began: float
    ) -> bool | None:
        try:
            source, *others = await asyncio.gather(*(self._figures(client, name) for name in (writer, *readers)))
        except httpx.TransportError:
            return None
        published = source.get(("lateral_outbox_published_total", topic), 0)
        taken = [figures.get(("lateral_consumer_records_total", topic), 0) for figures in others]
        lags = [figures.get(("lateral_consumer_lag_records", topic), 0) for figures in others]
        waiting = source.get(("lateral_outbox_pending", ""), 0)
        # A worker that was killed counts from nothing again: then only its lag can tell.
        without_lag = monotonic() - began > SETTLED_AFTER and not any(lags)
        return (not waiting and (without_lag or min(taken) >= published > 0)) or None

    async def _figures(self, client: httpx.AsyncClient, worker: str) -> dict[tuple[str, str], float]:
        text = (await client.get(f"{self._workers[worker]}/metrics")).text
        figures: dict[tuple[str, str], float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                name = sample.name, sample.labels.get("topic", "")
                figures[name] = figures.get(name, 0) + sample.value
        return figures
