"""Chats behind one interface: how a text is posted there, and what a button pressed there says once it is proved."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Protocol
from urllib.parse import parse_qs
from uuid import UUID

from services.sessions.domain import letters
from services.sessions.domain.letters import Text
from shared.refusal import InvalidRequest, NotFound, Refused

FRESH_SECONDS = 300
ADDRESS_URL = re.compile(r"https?://[\x21-\x7e]{1,1000}")
ADDRESS = re.compile(r"[^\x00-\x20]{1,200}")
TEMPORARY = frozenset({"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"})
ACTIONS = frozenset({"accept", "decline", "snooze", "confirm"})
Verdict = Literal["done", "later", "never"]


class NotSigned(Refused):
    """The signature is missing, wrong, or too old."""

    status = 401


class NothingToPutOff(Refused):
    """No reminder was sent of it, or it was put off once, or it is about to begin."""


class NothingToConfirm(Refused):
    """Whom the button names does not say, or no longer, that they are reached there."""


class ChatNotSetUp(NotFound):
    """Nobody has said by which secret its requests are signed."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody, by their address in the chat, has pressed a button."""

    address: str
    about: UUID
    """The session; of `confirm`, who says that this is their address."""
    answer: Literal["accept", "decline", "snooze", "confirm"]
    answer_at: str | None = None
    """Where the chat takes what is to be shown of it, where it has said so."""


@dataclass(frozen=True, slots=True)
class Posting:
    """What is posted where."""

    url: str
    headers: Mapping[str, str]
    content: Mapping[str, Any]


class Chat(Protocol):
    """One chat, as its settings make it."""

    @property
    def is_way_out(self) -> bool:
        """Whether it is set up to be written to."""

    def posting(self, text: Text, address: str) -> Posting:
        """A text for somebody there."""

    def verdict(self, answered: bytes) -> tuple[Verdict, str]:
        """What the body of a 2xx says became of a posting, and why."""

    def pressed(self, headers: Mapping[str, str], body: bytes, now: float) -> Pressed:
        """A request from there, its signature checked first. Raises ChatNotSetUp, NotSigned, InvalidRequest."""

    def shown(self, text: Text, *, replaces: bool) -> Mapping[str, Any]:
        """What is shown to whoever pressed: the message as it is now, or words beside it."""


@dataclass(frozen=True, slots=True)
class Slack:
    """chat.postMessage by a bot token; requests signed by the signing secret, version v0."""

    url: str
    token: str | None
    secret: str | None

    @property
    def is_way_out(self) -> bool:
        """With a token."""
        return self.token is not None

    def posting(self, text: Text, address: str) -> Posting:
        """Blocks of plain text."""
        return Posting(self.url, {"Authorization": f"Bearer {self.token}"}, letters.slack(text, address))

    def verdict(self, answered: bytes) -> tuple[Verdict, str]:
        """Slack answers 200 and says in the body whether it did it."""
        try:
            said = json.loads(answered)
            done, error = said["ok"] is True, str(said.get("error", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            return "later", "no answer of Slack's"
        return ("done", "") if done else ("later" if error in TEMPORARY else "never", error[:60])

    def pressed(self, headers: Mapping[str, str], body: bytes, now: float) -> Pressed:
        """HMAC-SHA256 of `v0:timestamp:body`; a form that holds a `payload` of block_actions."""
        secret, stamp = _known(self.secret), headers.get("x-slack-request-timestamp", "")
        _check_fresh(int(stamp[:15]) if stamp.isdecimal() else None, now)
        expected = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        _check_signed(f"v0={expected}", headers.get("x-slack-signature", ""))
        try:
            payload = json.loads(parse_qs(body.decode("utf-8"), max_num_fields=10)["payload"][0])
            action = payload["actions"][0]
            pressed = _pressed(payload["user"]["id"], action["value"], action["action_id"])
            return replace(pressed, answer_at=_address(payload.get("response_url")))
        except (KeyError, IndexError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise InvalidRequest.naming("payload", "is no pressed button of ours") from error

    def shown(self, text: Text, *, replaces: bool) -> Mapping[str, Any]:
        """For the `response_url`: in place of the message, or for whoever pressed alone."""
        words = letters.slack_words(text)
        return (
            {**words, "replace_original": replaces}
            if replaces
            else {**words, "response_type": "ephemeral", "replace_original": False}
        )


@dataclass(frozen=True, slots=True)
class Teams:
    """A workflow that posts cards; requests signed by an outgoing webhook's base64 token."""

    url: str | None
    secret: str | None

    @property
    def is_way_out(self) -> bool:
        """With the address of a workflow."""
        return self.url is not None

    def posting(self, text: Text, address: str) -> Posting:
        """An Adaptive Card."""
        return Posting(self.url or "", {}, letters.teams(text, address))

    def verdict(self, answered: bytes) -> tuple[Verdict, str]:
        """The status has said it; the body says nothing."""
        del answered
        return "done", ""

    def pressed(self, headers: Mapping[str, str], body: bytes, now: float) -> Pressed:
        """`HMAC base64(HMAC-SHA256(body))`; an activity, by its own signed timestamp, whose `value` a card holds."""
        digest = hmac.new(base64.b64decode(_known(self.secret)), body, hashlib.sha256).digest()
        _check_signed(f"HMAC {base64.b64encode(digest).decode()}", headers.get("authorization", ""))
        try:
            activity = json.loads(body)
            value, sent_at = activity["value"], datetime.fromisoformat(activity["timestamp"])
            pressed = _pressed(activity["from"]["aadObjectId"], value["session"], value["action"])
        except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise InvalidRequest.naming("value", "is no pressed button of ours") from error
        _check_fresh(sent_at.timestamp() if sent_at.tzinfo else None, now)
        return pressed

    def shown(self, text: Text, *, replaces: bool) -> Mapping[str, Any]:
        """In the reply itself, for an outgoing webhook has no address to be answered at: a card, or words."""
        return {"type": "message", "attachments": [letters.teams_card(text)] if replaces else []}


def _known(secret: str | None) -> str:
    if secret is None:
        raise ChatNotSetUp("This chat is not set up here.")
    return secret


def _pressed(address: Any, about: Any, action: Any) -> Pressed:
    if not isinstance(address, str) or not ADDRESS.fullmatch(address) or action not in ACTIONS:
        raise ValueError(action)
    return Pressed(address, UUID(about), action)


def _address(given: Any) -> str | None:
    """Whether it may be posted to is judged where it is."""
    if given is not None and not (isinstance(given, str) and ADDRESS_URL.fullmatch(given)):
        raise ValueError(given)
    return given


def _check_fresh(sent_at: float | None, now: float) -> None:
    """What was heard on the way must not count when it is sent again later."""
    if sent_at is None or abs(now - sent_at) > FRESH_SECONDS:
        raise NotSigned("The timestamp is missing or older than five minutes.")


def _check_signed(expected: str, given: str) -> None:
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise NotSigned("The signature does not fit the body.")
