"""A broker for a bench: the embedded one, or Apache Kafka when LATERAL_LOCAL_BROKER=apache."""

import os
from pathlib import Path

from deploy.local.apache_kafka import ApacheKafka
from deploy.local.broker import EmbeddedBroker
from deploy.local.ports import free_port


def broker(state: Path) -> ApacheKafka | EmbeddedBroker:
    """One whose data lives under `state`, not started yet."""
    if os.environ.get("LATERAL_LOCAL_BROKER") == "apache":
        return ApacheKafka(state, free_port(), free_port())
    return EmbeddedBroker(state, free_port())
