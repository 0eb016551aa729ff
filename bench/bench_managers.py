"""A change of manager to the invitation of another facilitator, on a whole local stack.

HR says that somebody reports to whoever facilitates their group. The services are processes of their own, reached
through the broker, HTTP and SMTP. Printed is the time from the broker's acknowledgement to another facilitator in the
API, and to their invitation in the mail; the peer is the same change in the directory's own API.

python -m bench.bench_managers [--changes 10]
"""

import argparse
import asyncio
import os
import re
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.ports import free_port
from deploy.local.processes import silent
from deploy.local.sample.organization import Organization, Worker
from deploy.local.sample.publish import publish_organization
from deploy.local.stack import Stack
from deploy.local.story.client import Lateral
from tests.flows.conftest import ADMIN, OWNER, Company
from tests.flows.test_formats_live import crew, found, workday
from tests.local.conftest import free_ports

PEOPLE, MEMBERS = 150, 4
PATIENCE, TICK = 120.0, 0.02
UID = re.compile(r"^UID:([0-9a-f-]+)@", re.MULTILINE)


class Arrivals:
    """When a mail first came to an address about a session."""

    def __init__(self) -> None:
        self.first: dict[tuple[str, str], float] = {}

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - theirs
        """Note each address and the session of the calendar that came with the mail."""
        assert isinstance(envelope.content, bytes)
        for part in message_from_bytes(envelope.content, policy=policy.default).walk():
            if part.get_content_type() == "text/calendar":
                for uid in UID.findall(str(part.get_content())):
                    for address in envelope.rcpt_tos:
                        self.first.setdefault((address.lower(), uid), time.perf_counter())
        return "250 taken"


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    """What `look` finds, as soon as it finds something."""
    async with asyncio.timeout(PATIENCE):
        while not (seen := await look()):
            await asyncio.sleep(TICK)
    return seen


@asynccontextmanager
async def company(mailbox: str, state: Path) -> AsyncIterator[Company]:
    """A small company that the directory knows, on a stack of its own."""
    environ = os.environ | free_ports() | {"LATERAL_STATE": str(state), "LATERAL_SESSIONS_SMTP_URL": mailbox}
    organization = Organization(datetime.now(UTC).date() - timedelta(days=1), PEOPLE)
    async with Stack(silent, environ=environ) as stack, Lateral(stack.info.model_dump()) as services:
        made = Company(services, stack.info.model_dump(), state, organization, stack.pid)
        publish_organization(stack.info.kafka_bootstrap, organization)
        numbers = {worker.employee_number for worker in organization.workers()}

        async def everybody() -> bool:
            return numbers <= {card["employee_number"] for card in await services.all(ADMIN, "directory", "/v1/people")}

        await until(everybody)
        yield made


async def change(
    made: Company, mails: Arrivals, programme: str, members: list[dict[str, Any]], worker: Worker
) -> tuple[Worker, tuple[float, ...]]:
    """One group whose facilitator becomes this member's manager: seconds to the directory, the API and the mail."""
    people = [str(card["person_id"]) for card in members]
    group = await found(made, programme, people, name=f"Led by turns {worker.sequence}")
    lead = group["facilitator_id"]
    assert lead, group["facilitator_why"]
    body = {"starts_at": workday(made, 9), "minutes": 10}
    path = f"/v1/groups/{group['group_id']}/sessions"
    (session,) = (await made.services.do(OWNER, "sessions", "POST", path, body)).json()["session_ids"]
    boss = await made.services.get(ADMIN, "directory", f"/v1/people/{lead}")
    address = str(boss["email"]).lower()

    async def invited() -> bool:
        return (address, session) in mails.first

    await until(invited)
    changed = made.change(worker, manager_employee_number=boss["employee_number"])
    began = time.perf_counter()

    async def known() -> bool:
        return bool((await made.find(worker.employee_number) or {}).get("manager_id") == lead)

    await until(known)
    told = time.perf_counter() - began

    async def replaced() -> str | None:
        now = await made.services.get(OWNER, "sessions", f"/v1/sessions/{session}")
        return now["facilitator_id"] if now["facilitator_id"] not in {None, lead} else None

    other = await until(replaced)
    shown = time.perf_counter() - began
    address = str((await made.services.get(ADMIN, "directory", f"/v1/people/{other}"))["email"]).lower()
    await until(invited)
    back = made.change(
        changed, manager_employee_number=worker.manager_employee_number
    )  # who leads next may be the same
    await made.services.do(OWNER, "sessions", "POST", f"/v1/sessions/{session}/cancel")
    return back, (told, shown, mails.first[address, session] - began)


def tell(what: str, seconds: Sequence[float]) -> None:
    """One line of figures."""
    ordered = sorted(seconds)
    print(f"{what:<52} p50 {statistics.median(ordered):5.2f} s  slowest {ordered[-1]:5.2f} s  (n {len(ordered)})")


async def main(given: argparse.Namespace) -> None:
    """Measure and print."""
    mails, port = Arrivals(), free_port()
    server = Controller(mails, hostname="127.0.0.1", port=port)
    server.start()
    try:
        with TemporaryDirectory() as state:
            async with company(f"smtp://127.0.0.1:{port}", Path(state) / "state") as made:
                programme = await made.programme(format="cohort", group_size_min=MEMBERS, group_size_max=30)
                members = await crew(made, MEMBERS, 20)
                worker, took = made.worker(str(members[1]["employee_number"])), []
                for _ in range(given.changes):
                    worker, seconds = await change(made, mails, programme, members, worker)
                    took.append(seconds)
    finally:
        server.stop()
    told, shown, sent = zip(*took, strict=True)
    tell("peer: HR's word to the directory's own API", told)
    tell("HR's word to another facilitator in sessions", shown)
    tell("HR's word to that one's invitation, in the mail", sent)
    print(f"ratio of the medians: {statistics.median(sent) / statistics.median(told):.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=10)
    asyncio.run(main(parser.parse_args()))
