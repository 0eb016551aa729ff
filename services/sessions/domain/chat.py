"""Chats that answer: proof that a request comes from Slack or Teams, and what it says."""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs
from uuid import UUID

from shared.refusal import InvalidRequest, Refused

FRESH_SECONDS = 300
ADDRESS = re.compile(r"[^\x00-\x20]{1,200}")


class NotSigned(Refused):
    """The signature is missing, wrong, or too old."""

    status = 401


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody, by their address in the chat, has pressed a button under a session."""

    address: str
    session_id: UUID
    answer: Literal["accept", "decline"]


def verify_slack(secret: str, timestamp: str, body: bytes, signature: str, now: float) -> None:
    """Signing secret, version v0: HMAC-SHA256 of `v0:timestamp:body`. Raises NotSigned."""
    if not timestamp.isdecimal() or abs(now - int(timestamp[:15])) > FRESH_SECONDS:
        raise NotSigned("The timestamp is missing or older than five minutes.")
    expected = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    _compare(f"v0={expected}", signature)


def verify_teams(secret: str, body: bytes, authorization: str) -> None:
    """Outgoing webhook: `HMAC base64(HMAC-SHA256(body))` by the base64 token. Raises NotSigned."""
    digest = hmac.new(base64.b64decode(secret), body, hashlib.sha256).digest()
    _compare(f"HMAC {base64.b64encode(digest).decode()}", authorization)


def slack_pressed(body: bytes) -> Pressed:
    """From a form that holds a `payload` of block_actions. Raises InvalidRequest."""
    try:
        payload = json.loads(parse_qs(body.decode("utf-8"), max_num_fields=10)["payload"][0])
        action = payload["actions"][0]
        return _pressed(payload["user"]["id"], action["value"], action["action_id"])
    except (KeyError, IndexError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidRequest.naming("payload", "is no pressed button of ours") from error


def teams_pressed(body: bytes) -> Pressed:
    """From an activity whose `value` is what a card's action holds. Raises InvalidRequest."""
    try:
        activity = json.loads(body)
        value = activity["value"]
        return _pressed(activity["from"]["aadObjectId"], value["session"], value["action"])
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidRequest.naming("value", "is no pressed button of ours") from error


def _pressed(address: Any, session: Any, action: Any) -> Pressed:
    if not isinstance(address, str) or not ADDRESS.fullmatch(address) or action not in {"accept", "decline"}:
        raise ValueError(action)
    return Pressed(address, UUID(session), action)


def _compare(expected: str, given: str) -> None:
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise NotSigned("The signature does not fit the body.")
