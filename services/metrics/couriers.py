"""What metrics delivers outside the database: statements to a learning record store, and reports by mail."""

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from services.metrics.commands import reports, statements
from services.metrics.commands.reports import Letter
from services.metrics.domain import xapi
from services.metrics.domain.amounts import day
from services.metrics.settings import MetricsSettings
from shared.courier import Courier, Outcome
from shared.db import Record
from shared.mail import MailServer
from shared.posting import Guard, post

TEMPLATES = Environment(
    loader=PackageLoader("services.metrics.web"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
LONGEST_SUBJECT = 200


def couriers(settings: MetricsSettings) -> Sequence[Courier]:
    """Those whose way out is set up."""
    found = []
    if settings.xapi_url:
        claim = partial(statements.claim, k=settings.k_scores)
        found.append(Courier("xapi", claim, RecordStore(settings).take, statements.settle, at_once=2))
    if settings.smtp_url:
        read = partial(reports.claim, k=settings.k_scores)
        found.append(Courier("reports", read, Postman(settings).carry, reports.settle, every=5.0))
    return found


class Postman:
    """Writes a report as a mail and hands it to the mail server."""

    def __init__(self, settings: MetricsSettings) -> None:
        self._server = MailServer.at(settings.smtp_url or "")
        self._sender = settings.report_sender
        self._home = settings.public_url.rstrip("/")

    async def carry(self, letter: Letter) -> Outcome:
        """One attempt."""
        try:
            message = await asyncio.to_thread(self.written, letter)
        except (ValueError, IndexError):
            return Outcome("never", "the address cannot be written into a mail")
        return await self._server.send(message)

    def written(self, letter: Letter) -> EmailMessage:
        """The report as plain text and as HTML. Raises ValueError or IndexError for an address that is none."""
        mail, report = letter.mail, letter.report
        said = {"report": report, "home": self._home, "token": mail["token"], "ends_on": day(mail["ends_on"])}
        message = EmailMessage()
        message["From"] = Address("Peer learning", addr_spec=self._sender)
        message["To"] = Address(addr_spec=mail["email"])
        message["Subject"] = f"{' '.join(report.title.split())}, {report.since} to {report.until}"[:LONGEST_SUBJECT]
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{mail['mail_id']}@{self._sender.rsplit('@', 1)[-1]}>"
        message["Auto-Submitted"] = "auto-generated"
        message["List-Unsubscribe"] = f"<{self._home}/unsubscribe/{mail['token']}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(TEMPLATES.get_template("report.txt").render(said))
        message.add_alternative(TEMPLATES.get_template("report.html").render(said), subtype="html")
        return message


class RecordStore:
    """The learning record store that statements are taken to."""

    def __init__(self, settings: MetricsSettings) -> None:
        self._url = f"{(settings.xapi_url or '').rstrip('/')}/statements"
        self._home = settings.public_url.rstrip("/")
        self._guard = Guard.allowing(settings.posting_networks)
        self._headers = {"Content-Type": "application/json", xapi.VERSION_HEADER: settings.xapi_version}
        if settings.xapi_user:
            key = b64encode(f"{settings.xapi_user}:{settings.xapi_password or ''}".encode()).decode()
            self._headers["Authorization"] = f"Basic {key}"

    async def take(self, batch: Sequence[Record]) -> Outcome:
        """One attempt: all of a batch or none of it."""
        body = orjson.dumps([xapi.statement(dict(told), self._home) for told in batch])
        return await post(self._url, body, self._headers, self._guard)
