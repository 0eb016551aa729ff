import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.metrics.web.cookie import COOKIE
from shared.db import Database
from tests.fixtures.issuer import Issuer
from tests.metrics.world import PROGRAMME, deliver, feedback, goal, held, part, people, person, programme, unit


class Page(HTMLParser):
    """What a screen reader would care about."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


async def sign_in(api: httpx.AsyncClient, token: str) -> httpx.Response:
    return await api.post("/sign-in", data={"token": token})


@pytest.fixture
async def page(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> str:
    """The page over a month with two divisions, one of them of four people."""
    month = datetime.now(UTC).date().replace(day=1)
    start = datetime(month.year, month.month, 1, 9, tzinfo=UTC)
    sales, board, session = people(12), people(4), uuid4()
    async with db.transaction() as conn:
        await deliver(conn, [unit("org", "Org"), unit("sales", "Sales & <Co>", "org"), unit("board", "Board", "org")])
        await deliver(conn, [*(person(one) for one in sales), *(person(one, "board") for one in board)])
        await deliver(conn, [programme(starts_on=month, ends_on=month, goals=(goal(),))])
        await deliver(conn, [held(session, starts_at=start)])
        await deliver(conn, [part(session, one, session_starts_at=start) for one in (*sales, *board)])
        await deliver(conn, [feedback(5, 4, 4, 4, 3, month=month)])
    assert (await sign_in(api, issuer.token(roles=["analyst"]))).status_code == 303
    reply = await api.get("/")
    assert reply.status_code == 200
    assert "script" not in reply.headers["content-security-policy"]
    return reply.text


async def test_the_page_shows_numbers_with_what_they_rest_on(page: str) -> None:
    assert "n = 16 eligible people" in page
    assert "Sales &amp; &lt;Co&gt;" in page
    assert "Fewer than 5 people" in page
    assert "4.0" in page
    assert "Achieved" in page


async def test_the_page_can_be_used_without_eyes_mouse_or_scripts(page: str) -> None:
    found = Page(page)
    assert found.all("html") == [{"lang": "en"}]
    assert not found.all("script")
    assert not [attributes for _, attributes in found.tags if "style" in attributes]
    for landmark in ("header", "nav", "main", "footer", "h1"):
        assert len(found.all(landmark)) == 1
    assert len(found.all("table")) == len(found.all("caption"))
    assert all(cell.get("scope") in {"row", "col"} for cell in found.all("th"))
    ids = [str(attributes["id"]) for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = [attributes["aria-labelledby"] for _, attributes in found.tags if "aria-labelledby" in attributes]
    assert set(named) <= set(ids)
    charts = [svg for svg in found.all("svg") if svg.get("aria-hidden") != "true"]
    assert charts
    assert all(svg["role"] == "img" and (svg.get("aria-label") or svg.get("aria-labelledby")) for svg in charts)
    skip = found.all("a")[0]
    assert str(skip["href"]).removeprefix("#") in ids


async def test_an_empty_store_has_a_page_too(api: httpx.AsyncClient, issuer: Issuer) -> None:
    reply = await api.get("/", headers=issuer.bearer("programme-owner"))
    assert reply.status_code == 200
    assert "none yet" in reply.text
    assert "shows up here" not in reply.text  # within none yet
    assert "No month has anybody in it yet." in reply.text
    assert not [svg for svg in Page(reply.text).all("svg") if svg.get("aria-hidden") != "true"]


async def test_a_goal_whose_number_is_not_shown_is_not_said_to_be_unmeasured(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    month = datetime.now(UTC).date().replace(day=1)
    async with db.transaction() as conn:
        await deliver(conn, [programme(starts_on=month, ends_on=month, goals=(goal(measure="participation_rate"),))])
        await deliver(conn, [person(one) for one in people(4)])
    for path in ("/", f"/programmes/{PROGRAMME}"):
        page = (await api.get(path, headers=issuer.bearer("analyst"))).text
        assert ("Not shown" in page, "Not measured" in page) == (True, False), path


async def test_without_a_session_the_page_asks_to_sign_in(api: httpx.AsyncClient) -> None:
    reply = await api.get("/")
    assert (reply.status_code, reply.headers["location"]) == (303, "/sign-in")
    form = await api.get("/sign-in")
    assert '<label for="token">' in form.text
    assert (await api.get("/style.css")).headers["content-type"].startswith("text/css")


async def test_the_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(
    api: httpx.AsyncClient, issuer: Issuer
) -> None:
    cookie = (await sign_in(api, issuer.token(roles=["admin"]))).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    away = await api.post("https://metrics.example.org/sign-in", data={"token": issuer.token(roles=["admin"])})
    assert "secure" in away.headers["set-cookie"].lower()


async def test_the_cookie_counts_on_the_page_and_nowhere_else(api: httpx.AsyncClient, issuer: Issuer) -> None:
    await sign_in(api, issuer.token(roles=["admin"]))
    assert (await api.get("/")).status_code == 200
    assert (await api.get("/v1/measures")).status_code == 401
    await api.post("/sign-out")
    assert (await api.get("/")).status_code == 303


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [({"exp": -100}, 401, "not a valid access token"), ({"roles": []}, 403, "Your role")],
)
async def test_a_token_that_does_not_count_signs_nobody_in(
    api: httpx.AsyncClient, issuer: Issuer, changes: dict[str, Any], status: int, words: str
) -> None:
    reply = await sign_in(api, issuer.token(**changes))
    assert reply.status_code == status
    assert words in reply.text
    assert "set-cookie" not in reply.headers


async def test_no_token_and_no_form_at_all_sign_nobody_in(api: httpx.AsyncClient) -> None:
    for body in (b"", b"\xff\xfe", b"token=%00%ff", b"token=" + b"x" * 10_000):
        assert (await api.post("/sign-in", content=body)).status_code == 401
    assert (await api.post("/sign-in", content=b"x" * 20_000)).status_code == 413


async def test_another_site_cannot_sign_anybody_in(api: httpx.AsyncClient, issuer: Issuer) -> None:
    token = issuer.token(roles=["admin"])
    reply = await api.post("/sign-in", data={"token": token}, headers={"Sec-Fetch-Site": "cross-site"})
    assert reply.status_code == 403
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize(("changes", "why"), [({"exp": -100}, "over"), ({"roles": ["employee"]}, "role")])
async def test_a_session_that_is_over_leads_back_to_the_form(
    api: httpx.AsyncClient, issuer: Issuer, changes: dict[str, Any], why: str
) -> None:
    cookie = {"Cookie": f"{COOKIE}={issuer.token(**changes)}"}
    reply = await api.get("/", headers=cookie)
    assert (reply.status_code, reply.headers["location"]) == (303, f"/sign-in?why={why}")
    assert (await api.get(reply.headers["location"])).status_code == 200


@pytest.mark.parametrize(
    ("role", "first"),
    [("analyst", "/"), ("operator", "/pipeline"), ("employee", "/query-log"), ("manager", "/query-log")],
)
async def test_everybody_is_led_to_a_page_of_theirs(
    api: httpx.AsyncClient, issuer: Issuer, role: str, first: str
) -> None:
    reply = await sign_in(api, issuer.token(roles=[role]))
    assert (reply.status_code, reply.headers["location"]) == (303, first)
    assert (await api.get(first)).status_code == 200


async def test_a_works_council_reads_what_was_asked_and_what_is_held(api: httpx.AsyncClient, issuer: Issuer) -> None:
    analyst = issuer.bearer("analyst")
    asked = {"by": "unit", "purpose": "<Yearly> review"}
    for _ in range(60):
        assert (await api.get("/v1/measures/attendance_rate", params=asked, headers=analyst)).status_code == 200
    await sign_in(api, issuer.token(roles=["employee"]))
    newest = (await api.get("/query-log")).text
    assert "&lt;Yearly&gt; review" in newest
    assert '<td class="num">60</td><td class="num">0</td><td>analyst</td>' in newest
    assert newest.count("&lt;Yearly&gt; review") == 49
    assert "person_skills" in newest
    older = re.search(r'href="(/query-log\?before=\d+)"', newest)
    assert older
    assert (await api.get(older[1])).text.count("&lt;Yearly&gt; review") == 11
    assert (await api.get("/query-log?before=x")).status_code == 422
    assert (await api.get("/")).headers["location"] == "/sign-in?why=role"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/programmes/00000000-0000-4000-8000-00000000ffff", 404, "There is no such page"),
        ("/nothing", 404, "There is no such page"),
        ("/programmes/nobody", 422, "This address does not fit"),
        ("/query-log?before=x", 422, "This address does not fit"),
    ],
)
async def test_what_goes_wrong_on_a_page_is_a_page(
    api: httpx.AsyncClient, issuer: Issuer, path: str, status: int, words: str
) -> None:
    asked = {"Accept": "text/html,*/*;q=0.8", **issuer.bearer("analyst")}
    reply = await api.get(path, headers=asked)
    assert (reply.status_code, reply.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert words in reply.text
    assert reply.headers["x-request-id"] in reply.text
    assert "script" not in reply.headers["content-security-policy"]
    assert Page(reply.text).all("h1")
    told = await api.get(path, headers=issuer.bearer("analyst"))
    assert (told.status_code, told.headers["content-type"]) == (status, "application/problem+json")


async def test_a_program_that_would_take_a_page_is_told_the_problem(api: httpx.AsyncClient, issuer: Issuer) -> None:
    reply = await api.get("/v1/measures/none", headers={"Accept": "text/html", **issuer.bearer("analyst")})
    assert (reply.status_code, reply.headers["content-type"]) == (404, "application/problem+json")
