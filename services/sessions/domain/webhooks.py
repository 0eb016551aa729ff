"""Webhooks by the Standard Webhooks specification 1.0.0: signature, secrets, attempts, and what is not said."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Any

from shared.events.sessions import Confidentiality
from shared.refusal import NotFound

PREFIX = "whsec_"
WAITS = tuple(timedelta(seconds=wait) for wait in (5, 300, 1800, 7200, 18000, 36000, 36000))
"""Between eight attempts, over some 28 hours."""
PEOPLE = frozenset({"facilitator_id", "sponsor_id", "person_id"})
BARE = frozenset({"session_id", "programme_id", "version", "status"})
"""What is told of a closed programme: that something has changed, to be looked up by whoever may."""


class UnknownWebhook(NotFound):
    """There is no such webhook."""


def new_secret() -> bytes:
    """192 bits, as the specification recommends at least."""
    return secrets.token_bytes(24)


def shown(secret: bytes) -> str:
    """A secret as receivers' libraries take it."""
    return PREFIX + base64.b64encode(secret).decode()


def headers(event_id: str, sent_at: datetime, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """Identification and one signature a key: while a secret is rotated, both fit."""
    stamp = str(int(sent_at.timestamp()))
    signed = b".".join((event_id.encode(), stamp.encode(), body))
    signatures = (base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys)
    return {
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def thin(data: Mapping[str, Any], confidentiality: Confidentiality) -> dict[str, Any]:
    """What leaves: of an open programme all, under the Chatham House rule no people, of a closed one next to none."""
    if confidentiality == "closed":
        return {name: value for name, value in data.items() if name in BARE}
    if confidentiality == "chatham":
        return {name: value for name, value in data.items() if name not in PEOPLE}
    return dict(data)


def next_attempt(attempts: int, asked: float | None, now: datetime) -> datetime | None:
    """When to try again, with a fifth of jitter; None after the eighth time."""
    if attempts > len(WAITS):
        return None
    wait = WAITS[attempts - 1].total_seconds() * SystemRandom().uniform(0.8, 1.2)
    return now + timedelta(seconds=max(wait, asked or 0))
