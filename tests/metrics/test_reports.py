"""A report comes by mail when it is due, says what the page says, and ends by one click."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.commands.reports import queue_reports
from services.metrics.couriers import couriers
from services.metrics.domain.reports import next_due
from services.metrics.settings import MetricsSettings
from shared.courier import run_once
from shared.db import Database
from shared.events.directory import PersonErased
from tests.fixtures.issuer import Issuer
from tests.metrics.conftest import serving
from tests.metrics.test_api import store
from tests.metrics.test_dashboard import Page
from tests.metrics.world import PROGRAMME, goal, held, part, people, person, programme, unit
from tests.sessions.mailbox import Mailbox, serving_mailbox

PATH = "/v1/report-subscriptions"
WISH = {"email": "lead@example.org", "cadence": "weekly"}


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with serving_mailbox() as running:
        yield running


@pytest.fixture
def mailing(settings: MetricsSettings, issuer: Issuer, box: Mailbox) -> MetricsSettings:
    return settings.model_copy(
        update={"issuer": issuer.url, "smtp_url": box.url, "report_domains": ("example.org",), "public_url": "http://m"}
    )


@pytest.fixture
async def client(mailing: MetricsSettings) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(mailing) as found:
        yield found


async def subscribe(client: httpx.AsyncClient, issuer: Issuer, **changes: Any) -> Any:
    reply = await client.post(PATH, json={**WISH, **changes}, headers=issuer.bearer("analyst", sub="one"))
    assert reply.status_code == 201, reply.text
    return reply.json()


async def fall_due(db: Database) -> int:
    async with db.transaction() as conn:
        await conn.execute("UPDATE report_subscriptions SET next_at = now() - interval '40 days'")
        return await queue_reports(conn)


async def deliver(db: Database, mailing: MetricsSettings, box: Mailbox) -> list[EmailMessage]:
    (courier,) = couriers(mailing)
    before = len(box.mails)
    for _ in range(4):
        async with db.transaction() as conn:
            await conn.execute("UPDATE report_mails SET due_at = now() WHERE state = 'due'")
        if not await run_once(db, courier):
            break
    return box.mails[before:]


def bodies(mail: EmailMessage) -> tuple[str, str]:
    assert mail.get_content_type() == "multipart/alternative"
    plain, rich = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain
    assert rich
    return plain.get_content(), rich.get_content()


async def a_month(db: Database) -> None:
    """A programme of this month whose group is too small in one measure only: twelve came, and four are the board."""
    month = datetime.now(UTC).date().replace(day=1)
    start = datetime(month.year, month.month, 1, 9, tzinfo=UTC)
    crowd, session = people(12), uuid4()
    await store(db, unit("org", "Org"), unit("sales", "Sales", "org"), *(person(one) for one in crowd))
    await store(db, programme(name="<b>Tandem\n</b>", starts_on=month, ends_on=month, goals=(goal(),)))
    await store(db, held(session, starts_at=start), *(part(session, one, session_starts_at=start) for one in crowd))


async def test_a_report_says_what_the_page_says(
    client: httpx.AsyncClient, issuer: Issuer, db: Database, mailing: MetricsSettings, box: Mailbox
) -> None:
    await a_month(db)
    await subscribe(client, issuer)
    assert await deliver(db, mailing, box) == []
    assert await fall_due(db) == 1
    async with db.transaction() as conn:
        assert await queue_reports(conn) == 0
    (mail,) = await deliver(db, mailing, box)
    assert await deliver(db, mailing, box) == []
    plain, rich = bodies(mail)
    page = (await client.get("/", headers=issuer.bearer("analyst"))).text
    for value in ("100\N{NO-BREAK SPACE}%", "12\N{NO-BREAK SPACE}h"):
        assert value in plain
        assert value in rich
        assert value in page
    assert "12 eligible people" in plain
    assert "<b>Tandem" in plain
    assert "&lt;b&gt;Tandem" in rich
    assert mail["To"] == "lead@example.org"
    assert "\n" not in mail["Subject"]


async def test_a_report_hides_what_the_page_hides(
    client: httpx.AsyncClient, issuer: Issuer, db: Database, mailing: MetricsSettings, box: Mailbox
) -> None:
    month = datetime.now(UTC).date().replace(day=1)
    start = datetime(month.year, month.month, 1, 9, tzinfo=UTC)
    crowd = people(4)
    await store(db, programme(starts_on=month, ends_on=month), *(person(one) for one in crowd))
    await store(db, *(part(uuid4(), one, session_starts_at=start) for one in crowd))
    await subscribe(client, issuer, programme_id=str(PROGRAMME))
    await fall_due(db)
    (mail,) = await deliver(db, mailing, box)
    for text in bodies(mail):
        assert "Learning hours" in text
        assert "not shown" in text
        assert not re.search(r"\b4\s*(h|eligible)\b", text.replace("\N{NO-BREAK SPACE}", " "))


async def test_a_mail_can_be_read_without_eyes(
    client: httpx.AsyncClient, issuer: Issuer, db: Database, mailing: MetricsSettings, box: Mailbox
) -> None:
    await a_month(db)
    await subscribe(client, issuer)
    await fall_due(db)
    (mail,) = await deliver(db, mailing, box)
    found = Page(bodies(mail)[1])
    assert found.all("html") == [{"lang": "en"}]
    assert len(found.all("h1")) == len(found.all("main")) == len(found.all("title")) == 1
    assert len(found.all("table")) == len(found.all("caption")) == 2
    assert all(cell.get("scope") in {"row", "col"} for cell in found.all("th"))
    assert not found.all("img")
    assert not found.all("script")


async def test_one_click_ends_a_report_and_deletes_the_address(
    client: httpx.AsyncClient, issuer: Issuer, db: Database, mailing: MetricsSettings, box: Mailbox
) -> None:
    await subscribe(client, issuer)
    await fall_due(db)
    (mail,) = await deliver(db, mailing, box)
    link = mail["List-Unsubscribe"].strip("<>")
    assert link in bodies(mail)[0]
    assert (await client.get(link)).status_code == 200
    assert await fall_due(db) == 1
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for _ in range(2):
        ended = await client.post(link, content=b"List-Unsubscribe=One-Click")
        assert (ended.status_code, "will not be sent again" in ended.text) == (200, True)
    assert await fall_due(db) == 0
    assert await deliver(db, mailing, box) == []
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM report_subscriptions") == 0
        assert await conn.fetchval("SELECT count(*) FROM report_mails") == 0
    assert (await client.post(f"/unsubscribe/{uuid4()}")).status_code == 200
    assert (await client.post("/unsubscribe/nonsense")).status_code == 422


async def test_subscriptions_are_ones_own(client: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    made = await subscribe(client, issuer)
    other = issuer.bearer("analyst", sub="two")
    assert (await client.get(PATH, headers=other)).json()["items"] == []
    assert (await client.delete(f"{PATH}/{made['subscription_id']}", headers=other)).status_code == 404
    again = await client.post(PATH, json=WISH, headers=issuer.bearer("analyst", sub="one"))
    assert (again.status_code, again.json()["state"]) == (409, "subscribed")
    mine = issuer.bearer("analyst", sub="one")
    assert (await client.get(PATH, headers=mine)).json()["items"] == [made]
    assert (await client.delete(f"{PATH}/{made['subscription_id']}", headers=mine)).status_code == 204
    assert (await client.get(PATH, headers=mine)).json()["items"] == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"email": "lead@elsewhere.example"}, 422),
        ({"email": "lead@example.org.evil.example"}, 422),
        ({"email": "nobody"}, 422),
        ({"email": "a@example.org\nBcc: b@example.org"}, 422),
        ({"cadence": "hourly"}, 422),
        ({"programme_id": str(uuid4())}, 422),
    ],
)
async def test_a_wrong_wish_subscribes_nobody(
    client: httpx.AsyncClient, issuer: Issuer, db: Database, changes: dict[str, Any], status: int
) -> None:
    reply = await client.post(PATH, json={**WISH, **changes}, headers=issuer.bearer("analyst"))
    assert reply.status_code == status, reply.text
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM report_subscriptions") == 0


async def test_without_a_mail_server_nothing_is_promised(api: httpx.AsyncClient, issuer: Issuer) -> None:
    reply = await api.post(PATH, json=WISH, headers=issuer.bearer("analyst"))
    assert (reply.status_code, reply.json()["state"]) == (409, "no mail server")


@pytest.mark.parametrize(("answer", "state"), [("451 later", "sent"), ("550 never", "failed")])
async def test_a_mail_server_in_trouble_is_asked_again(
    client: httpx.AsyncClient,
    issuer: Issuer,
    db: Database,
    mailing: MetricsSettings,
    box: Mailbox,
    answer: str,
    state: str,
) -> None:
    await subscribe(client, issuer)
    await fall_due(db)
    box.answers = [answer]
    await deliver(db, mailing, box)
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT state FROM report_mails") == state


async def test_a_subscription_ends_by_itself_and_with_the_person(
    client: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    somebody = uuid4()
    reader = issuer.bearer("analyst", sub="three", person_id=str(somebody))
    assert (await client.post(PATH, json={**WISH, "email": "x@example.org"}, headers=reader)).status_code == 201
    await subscribe(client, issuer)
    await store(db, PersonErased(person_id=somebody))
    assert await fall_due(db) == 1
    async with db.transaction() as conn:
        await conn.execute("UPDATE report_subscriptions SET ends_on = current_date - 1")
    assert await fall_due(db) == 0


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - naive bounds
def test_the_next_report_is_ahead_and_not_far(now: datetime) -> None:
    weekly, monthly = next_due("weekly", now), next_due("monthly", now)
    assert 0 < (weekly.date() - now.date()).days <= 7
    assert weekly.weekday() == 0
    assert 0 < (monthly.date() - now.date()).days <= 31
    assert monthly.day == 4
    assert next_due("monthly", datetime(2026, 12, 31, 23, tzinfo=UTC)).date() == date(2027, 1, 4)
