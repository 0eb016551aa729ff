"""A real SMTP server on a loopback port, and how a test delivers to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.ports import free_port
from services.sessions.commands.invitations import queue_invitations
from services.sessions.couriers import couriers
from services.sessions.settings import SessionsSettings
from shared.courier import Courier, run_once
from shared.settings import load
from tests.sessions.conftest import World


class Mailbox:
    """What arrived. `answers` are said to the next recipients instead of 250."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.answers: list[str] = []
        self.url = ""

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        self.raw.append(content)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        return "250 taken"


@asynccontextmanager
async def serving_mailbox() -> AsyncIterator[Mailbox]:
    box, port = Mailbox(), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    box.url = f"smtp://127.0.0.1:{port}"
    try:
        yield box
    finally:
        server.stop()


def courier(name: str = "messages", **settings: Any) -> Courier:
    found = couriers(load(SessionsSettings, "sessions", database_url="postgresql://unused", **settings))
    return next(one for one in found if one.name == name)


async def deliver(world: World, box: Mailbox, *, queue: bool = True) -> list[EmailMessage]:
    """Queue what is due, carry it, and return what has newly arrived."""
    before = len(box.mails)
    if queue:
        async with world.db.transaction() as conn:
            await queue_invitations(conn)
    carrier = courier(smtp_url=box.url)
    while await run_once(world.db, carrier):
        pass
    return box.mails[before:]
