"""What is delivered outside the database: mail by SMTP, cards to chats, and events to webhooks."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial

import orjson

from services.sessions.commands import messages, webhooks
from services.sessions.domain import letters
from services.sessions.domain.calendar import invitation, method_of, withdrawn
from services.sessions.domain.mail import UnusableAddress, mail
from services.sessions.domain.messages import Letter
from services.sessions.domain.webhooks import headers
from services.sessions.settings import SessionsSettings
from shared.courier import Courier, Outcome
from shared.db import Record
from shared.mail import MailServer
from shared.posting import Guard, post


def couriers(settings: SessionsSettings) -> Sequence[Courier]:
    """Those whose way out is set up."""
    channels = {
        "mail": settings.smtp_url,
        "slack": settings.slack_token,
        "teams": settings.teams_url,
    }
    found = []
    if open_channels := {name for name, way in channels.items() if way}:
        claim = partial(messages.claim, channels=open_channels)
        found.append(Courier("messages", claim, Carrier(settings).carry, messages.settle))
    found.append(Courier("webhooks", webhooks.claim, Caller(settings).call, webhooks.settle))
    return found


class Caller:
    """Takes an event to a webhook."""

    def __init__(self, settings: SessionsSettings) -> None:
        self._guard = Guard.allowing(settings.posting_networks)

    async def call(self, delivery: Record) -> Outcome:
        """One attempt, signed at its own moment."""
        keys = [key for key in (delivery["secret"], delivery["old_secret"]) if key]
        signed = headers(delivery["event_id"], datetime.now(UTC), delivery["body"], keys)
        return await post(delivery["url"], delivery["body"], signed, self._guard)


class Carrier:
    """Takes a letter to where its reader is."""

    def __init__(self, settings: SessionsSettings) -> None:
        self._settings = settings
        self._server = MailServer.at(settings.smtp_url) if settings.smtp_url else None
        self._guard = Guard.allowing(settings.posting_networks)
        self._ways = {"mail": self._mail, "slack": self._slack, "teams": self._teams}

    async def carry(self, letter: Letter) -> Outcome:
        """One attempt."""
        return await self._ways[letter.channel](letter)

    async def _mail(self, letter: Letter) -> Outcome:
        if self._server is None:
            return Outcome("later", "no mail server")
        organizer = self._settings.organizer_email
        try:
            message = await asyncio.to_thread(self._written, letter, organizer)
        except UnusableAddress as error:
            return Outcome("never", str(error))
        return await self._server.send(message)

    @staticmethod
    def _written(letter: Letter, organizer: str) -> EmailMessage:
        calendar = None
        if letter.entry is not None:
            entry = letter.entry
            entry = withdrawn(entry, letter.sequence) if letter.kind == "cancellation" else entry
            calendar = (method_of(entry), invitation(entry, organizer))
        stamp = format_datetime(datetime.now(UTC))
        return mail(letter.text, letter.address, letter.name, organizer, letter.message_id, calendar, stamp)

    async def _slack(self, letter: Letter) -> Outcome:
        token = {"Authorization": f"Bearer {self._settings.slack_token}"}
        outcome = await self._post(self._settings.slack_url, letters.slack(letter.text, letter.address), token)
        if outcome.result != "done":
            return outcome
        return _slack_says(outcome)

    async def _teams(self, letter: Letter) -> Outcome:
        return await self._post(self._settings.teams_url or "", letters.teams(letter.text, letter.address), {})

    async def _post(self, url: str, content: object, headers: Mapping[str, str]) -> Outcome:
        return await post(url, orjson.dumps(content), {"Content-Type": "application/json", **headers}, self._guard)


def _slack_says(outcome: Outcome) -> Outcome:
    """Slack answers 200 and says in the body whether it did it."""
    try:
        said = orjson.loads(outcome.body)
        done, error = said["ok"] is True, str(said.get("error", ""))
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return Outcome("later", "no answer of Slack's")
    if done:
        return outcome
    temporary = error in {"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
    return Outcome("later" if temporary else "never", error[:60])
