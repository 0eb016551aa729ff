"""What is delivered outside the database: mail by SMTP, cards to chats, and events to webhooks."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial

import orjson

from services.sessions.commands import chats as answers
from services.sessions.commands import messages, webhooks
from services.sessions.commands.chats import chats
from services.sessions.domain.calendar import invitation, method_of, withdrawn
from services.sessions.domain.chat import Chat
from services.sessions.domain.mail import UnusableAddress, mail
from services.sessions.domain.messages import Letter
from services.sessions.domain.webhooks import headers
from services.sessions.settings import SessionsSettings
from shared.courier import Courier, Outcome
from shared.db import Record
from shared.mail import MailServer
from shared.posting import Guard, post

TOO_MANY = 429


def couriers(settings: SessionsSettings) -> Sequence[Courier]:
    """Those whose way out is set up."""
    open_channels = {name for name, chat in chats(settings).items() if chat.is_way_out}
    open_channels |= {"mail"} if settings.smtp_url else set()
    found = []
    if open_channels:
        claim = partial(messages.claim, channels=open_channels, home=settings.public_url)
        found.append(Courier("messages", claim, Carrier(settings).carry, messages.settle))
    found.append(Courier("webhooks", webhooks.claim, Caller(settings).call, webhooks.settle))
    found.append(Courier("chat-answers", answers.claim, Answerer(settings).show, answers.settle))
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


class Answerer:
    """Shows whoever pressed a button in a chat what came of it."""

    def __init__(self, settings: SessionsSettings) -> None:
        self._guard = Guard.allowing(settings.posting_networks)

    async def show(self, answer: Record) -> Outcome:
        """One attempt; an address that is used up or too old is so for ever."""
        content = orjson.dumps(answer["content"])
        outcome = await post(answer["url"], content, {"Content-Type": "application/json"}, self._guard)
        is_final = outcome.status is not None and 400 <= outcome.status < 500 and outcome.status != TOO_MANY  # noqa: PLR2004 - RFC 9110
        return outcome._replace(result="never") if is_final else outcome


class Carrier:
    """Takes a letter to where its reader is."""

    def __init__(self, settings: SessionsSettings) -> None:
        self._settings = settings
        self._server = MailServer.at(settings.smtp_url) if settings.smtp_url else None
        self._guard = Guard.allowing(settings.posting_networks)
        self._chats = chats(settings)

    async def carry(self, letter: Letter) -> Outcome:
        """One attempt."""
        if letter.channel == "mail":
            return await self._mail(letter)
        return await self._tell(letter, self._chats[letter.channel])

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

    async def _tell(self, letter: Letter, chat: Chat) -> Outcome:
        posting = chat.posting(letter.text, letter.address)
        headers = {"Content-Type": "application/json", **posting.headers}
        outcome = await post(posting.url, orjson.dumps(posting.content), headers, self._guard)
        if outcome.result != "done":
            return outcome
        result, detail = chat.verdict(outcome.body)
        return outcome._replace(result=result, detail=detail)
