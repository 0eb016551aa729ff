"""Who reads what of somebody: docs/access.md is what really happens, for every role in every relation."""

import importlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from shared.auth import ROLES, Allow
from shared.db import Database
from shared.events.base import Event
from shared.events.directory import SkillChanged, SkillNeed, SkillOffer
from shared.events.topics import SERVICES
from shared.runner import Service
from tests.conftest import NewDatabase
from tests.contracts.test_policy import policy, serving
from tests.directory import hr
from tests.fixtures.canaries import Way, requests
from tests.fixtures.issuer import Issuer, serving_issuer
from tests.matching.world import RUST
from tests.matching.world import programme as matching_programme
from tests.sessions.conftest import PROGRAMME
from tests.sessions.events import circle, envelope, person

PAGE = Path(__file__).parents[2] / "docs/access.md"
RELATIONS = ("self", "peer", "facilitator", "manager", "stranger")
SHORT = dict(zip(sorted(ROLES), ("A", "N", "E", "F", "H", "M", "O", "P"), strict=True))
"""Admin, analyst, employee, facilitator, HR system, manager, operator, programme owner."""
TIME_BUDGET = "/v1/people/{person_id}/time-budget"
"""The one write to somebody else that their manager is asked for."""
OPEN: Mapping[str, set[str]] = {
    "directory": {f"PUT {TIME_BUDGET}", f"DELETE {TIME_BUDGET}"},
    "matching": set(),
    "sessions": set(),
    "metrics": set(),
}
"""What is everybody's to do."""
ASKED = {"directory": 30, "matching": 30, "sessions": 200, "metrics": 0}
"""Fewer would mean that the scene has lost what the routes are about."""


class Scene:
    """A service with somebody in it, those who stand in a relation to them, and things a path may name."""

    def __init__(self, service: Service, app: FastAPI, db: Database, api: httpx.AsyncClient, issuer: Issuer) -> None:
        self.service, self.app, self.db, self.api, self._issuer = service, app, db, api, issuer
        self.people = {relation: uuid4() for relation in RELATIONS}
        self.ids: dict[str, str] = {}

    async def hear(self, *events: Event) -> None:
        async with self.db.transaction() as conn:
            await self.service.handlers[type(events[0])](conn, [envelope(event) for event in events])

    async def call(self, who: str, role: str, method: str, path: str, **said: Any) -> httpx.Response:
        """By whoever stands in that relation, in that one role."""
        bearer = self._issuer.bearer(role, person_id=str(self.people[who]))
        found = path.format_map(
            self.ids | {name: uuid4() for name in re.findall(r"{(\w+)}", path) if name not in self.ids}
        )
        return await self.api.request(method, found, headers=said.pop("headers", {}) | bearer, **said)

    async def make(self, who: str, role: str, method: str, path: str, body: Any) -> Any:
        answer = await self.call(who, role, method, path, json=body)
        assert answer.is_success, (method, path, answer.text)
        return answer.json() if answer.content else None


async def directory(scene: Scene) -> None:
    numbers = {"self": "A", "peer": "P", "facilitator": "F", "manager": "M", "stranger": "S"}
    async with scene.db.transaction() as conn:
        await hr.tell(conn, hr.unit("U"), hr.unit("V"))
        await hr.tell(
            conn,
            hr.worker("M", unit_code="U"),
            hr.worker("F", unit_code="V"),
            hr.worker("S", unit_code="V"),
            hr.worker("A", "M", unit_code="U"),
            hr.worker("P", "M", unit_code="U"),
        )
        for relation, number in numbers.items():
            scene.people[relation] = await conn.fetchval(
                "SELECT person_id FROM people WHERE employee_number = $1", number
            )
    scene.ids |= {"person_id": str(scene.people["self"]), "code": "U", "day": "2026-01-01"}


async def matching(scene: Scene) -> None:
    needs, offers = (SkillNeed(skill_id=RUST, level=1, target_level=2),), (SkillOffer(skill_id=RUST, level=4),)
    await scene.hear(*everybody(scene, needs, offers))
    asked = matching_programme()
    await scene.hear(asked)
    await scene.hear(SkillChanged(skill_id=RUST, version=1, label="Rust"))
    await scene.make("stranger", "programme-owner", "POST", "/v1/rounds", {"programme_id": str(asked.programme_id)})
    found = await scene.call("self", "employee", "GET", "/v1/matches?person_id={person_id}")
    (match,) = found.json()["items"]
    help_ = {"skill_id": RUST, "level": 2, "question": "How?"}
    request = await scene.make("self", "employee", "POST", "/v1/help-requests", help_)
    scene.ids |= {
        "programme_id": str(asked.programme_id),
        "match_id": match["match_id"],
        "round_id": match["round_id"],
        "request_id": request["request_id"],
    }


async def sessions(scene: Scene) -> None:
    await scene.hear(*everybody(scene, (), ()))
    made = await scene.make("stranger", "programme-owner", "POST", "/v1/programmes", PROGRAMME)
    scene.ids["programme_id"] = made["programme_id"]
    await scene.make("stranger", "programme-owner", "POST", "/v1/programmes/{programme_id}/publish", None)
    others = [uuid4() for _ in range(4)]
    await scene.hear(*(person(one) for one in others))
    members = [scene.people["self"], scene.people["peer"], *others]
    await scene.hear(circle(UUID(made["programme_id"]), members, scene.people["facilitator"]))
    async with scene.db.acquire() as conn:
        (row,) = await conn.fetch("SELECT session_id, group_id FROM sessions ORDER BY starts_at LIMIT 1")
    scene.ids |= {"session_id": str(row["session_id"]), "group_id": str(row["group_id"])}
    await scene.make("self", "employee", "PUT", "/v1/sessions/{session_id}/accommodation", {"text": "Captions"})
    await scene.make("self", "employee", "POST", "/v1/sessions/{session_id}/questions", {"text": "Why?"})
    plan = {"title": "Two rounds", "agenda": "Ten minutes each"}
    await scene.make("facilitator", "employee", "PUT", "/v1/sessions/{session_id}/plan", plan)


async def metrics(scene: Scene) -> None:
    """Nothing there is somebody's: who asks makes no difference."""


def everybody(scene: Scene, needs: Any, offers: Any) -> list[Event]:
    skilled = {"self": {"needs": needs, "manager_id": scene.people["manager"]}, "peer": {"offers": offers}}
    scene.ids["person_id"] = str(scene.people["self"])
    return [person(one, **skilled.get(relation, {})) for relation, one in scene.people.items()]


SCENES: Mapping[str, Callable[[Scene], Awaitable[None]]] = {
    "directory": directory,
    "matching": matching,
    "sessions": sessions,
    "metrics": metrics,
}


@asynccontextmanager
async def set_up(name: str, new_database: NewDatabase) -> AsyncIterator[Scene]:
    service: Service = importlib.import_module(f"services.{name}.__main__").SERVICE
    async with serving_issuer() as issuer:
        settings = service.load(database_url=await new_database(name), issuer=issuer.url)
        db = await Database.connect(settings)
        app = service.app(settings)
        async with serving(app) as api:
            scene = Scene(service, app, db, api, issuer)
            await SCENES[name](scene)
            yield scene
        await db.close()


@pytest.mark.parametrize("name", SERVICES)
async def test_somebody_reads_what_the_page_says_and_nothing_else(name: str, new_database: NewDatabase) -> None:
    """Figure 8: every route that reads one thing, eight roles, five relations."""
    found = []
    async with set_up(name, new_database) as scene:
        for row, rule in policy(name).items():
            method, path = row.split(" ")
            if method != "GET" or "{" not in path or not isinstance(rule, Allow):
                continue
            cells = []
            for relation in RELATIONS:
                roles = ""
                for role, letter in SHORT.items():
                    answer = await scene.call(relation, role, method, path)
                    assert answer.status_code < 500, (row, role, relation, answer.text)
                    roles += letter if says_something(answer) else ""
                cells.append(roles or "-")
            if set(cells) != {"-"}:
                found.append(f"| `{path}` | {' | '.join(cells)} |")
    assert documented(name) == found, "\n".join(["docs/access.md is to say", *found])


def says_something(answer: httpx.Response) -> bool:
    """A list of nothing is what anybody may read."""
    if not answer.is_success or "json" not in answer.headers["content-type"]:
        return answer.is_success
    told = answer.json()
    return not isinstance(told, dict) or told.get("items") != []


@pytest.mark.parametrize("name", SERVICES)
async def test_who_has_nothing_to_do_with_it_changes_nothing(name: str, new_database: NewDatabase) -> None:
    """Figure 8: a stranger and a manager, in roles that open no more than their own, with what would be accepted."""
    asked = 0
    async with set_up(name, new_database) as scene:
        document = scene.app.openapi()
        for said in requests(document, scene.ids, [Way.EXAMPLE]):
            named = set(re.findall(r"{(\w+)}", said.route))
            if said.method == "GET" or not named or not named <= scene.ids.keys():
                continue
            for relation, role in product(("stranger", "manager"), ("employee", "manager", "facilitator")):
                headers = {"Content-Type": said.media_type}
                answer = await scene.call(relation, role, said.method, said.path, content=said.content, headers=headers)
                asked += 1
                if f"{said.method} {said.route}" not in OPEN[name]:
                    assert not answer.is_success, (said.method, said.route, relation, role, answer.text)
    assert asked >= ASKED[name], asked


def documented(name: str) -> list[str]:
    """The rows of the page's table for a service."""
    part = PAGE.read_text("utf-8").partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    return [line for line in part.splitlines() if line.startswith("| `")]
