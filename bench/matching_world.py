"""What the benchmarks of matching's database share: an invented organization of any size, stored as events would."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

import numpy as np

from bench.crowd import LANGUAGES, population
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from services.matching.engine.population import Population, Postings
from services.matching.settings import MatchingSettings
from shared.db import Database, connect
from shared.envelope import Envelope
from shared.events.directory import PersonChanged, SkillNeed, SkillOffer
from shared.events.sessions import ProgrammeChanged
from shared.migrate import migrate
from shared.settings import load

TODAY = datetime.now(UTC).date()
LARGE = 300_000
"""People whose database is given the memory that its operator would give it."""
ZONES = (
    *("Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo"),
    *("Asia/Kolkata", "Asia/Shanghai"),
)
COLUMNS = (
    *("person_id", "version", "status", "unit_code", "unit_path", "manager_id", "job_level", "job_function"),
    *("site_code", "time_zone", "work_starts", "work_ends", "work_days", "languages", "offers", "needs"),
    *("offered_skills", "capacity", "time_budget_minutes", "facilitator_ready", "opted_in", "not_with", "hired_on"),
)
AT_ONCE = 20_000


def person_id(row: int) -> UUID:
    """The id of the person in a row of the crowd, in no order that says anything."""
    return UUID(int=(row * 0x9E3779B97F4A7C15_F39CC0605CEDC835) % 2**128)


class World:
    """People of an invented organization: rows of matching's table, and hires into it."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.crowd: Population = population(size)
        self._rng = np.random.default_rng(11)
        self.starts = (480 + 30 * self._rng.integers(0, 5, size)).tolist()
        self.offers, self.needs = _by_person(self.crowd.offers, size), _by_person(self.crowd.needs, size)

    def path(self, row: int) -> list[str]:
        """The units somebody is in, the widest first."""
        return ["ROOT", f"D{self.crowd.division[row]}", f"U{self.crowd.unit[row]}"]

    def languages(self, row: int) -> list[str]:
        """What somebody speaks."""
        mask = int(self.crowd.languages[row, 0])
        return [language for bit, language in enumerate(LANGUAGES) if mask >> bit & 1]

    def zone(self, row: int) -> str:
        """Whose clock somebody lives by."""
        return ZONES[self.crowd.site[row] // 4]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Everybody, in the order of COLUMNS."""
        crowd = self.crowd
        apart: dict[int, list[UUID]] = {}
        for key in crowd.apart.tolist():
            apart.setdefault(key // self.size, []).append(person_id(key % self.size))
        columns = (crowd.manager, crowd.site, crowd.function, crowd.level, crowd.tenure, crowd.slots, crowd.agreed)
        for row, (manager, site, function, level, tenure, slots, agreed) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        ):
            offers = [{"skill_id": f"skill/{skill}", "level": at} for skill, at, _ in self.offers.get(row, ())]
            needs = [
                {"skill_id": f"skill/{skill}", "level": at, "target_level": aim}
                for skill, at, aim in self.needs.get(row, ())
            ]
            path, starts = self.path(row), self.starts[row]
            yield (
                *(person_id(row), 1, "active" if crowd.available[row] else "leave", path[-1], path),
                *(person_id(manager) if manager >= 0 else None, level, f"F{function}", f"S{site}", ZONES[site // 4]),
                *(starts, starts + 480, [1, 2, 3, 4, 5], self.languages(row), json.dumps(offers), json.dumps(needs)),
                *([offer["skill_id"] for offer in offers], slots, 4 * agreed, bool(crowd.ready[row]), True),
                *(apart.get(row, []), TODAY - timedelta(days=60 + tenure)),
            )

    async def store(self, settings: MatchingSettings) -> None:
        """Everybody, a skill list, and what autovacuum would have done."""
        conn = await connect(settings)
        await conn.set_type_codec("jsonb", encoder=_jsonb, decoder=json.loads, schema="pg_catalog", format="binary")
        rows, some = self.rows(), True
        while some:
            batch = [row for row, _ in zip(rows, range(AT_ONCE), strict=False)]
            await conn.copy_records_to_table("people", records=batch, columns=COLUMNS)
            some = len(batch) == AT_ONCE
        await conn.execute(
            "INSERT INTO skills SELECT 'skill/' || n, 1, 'Skill ' || n FROM generate_series(0, $1::int) AS n",
            len(self.crowd.skills),
        )
        await conn.execute("VACUUM ANALYZE", timeout=120)
        await conn.close()

    def hire(self, **changes: Any) -> PersonChanged:
        """Somebody new in a unit drawn at random, among its people's site and hours."""
        row = int(self._rng.integers(self.size))
        manager, site = int(self.crowd.manager[row]), int(self.crowd.site[row])
        values: dict[str, Any] = {
            "person_id": uuid4(), "version": 1, "reasons": ("hired",), "effective_at": TODAY, "status": "prehire",
            "unit_code": self.path(row)[-1], "unit_path": tuple(self.path(row)), "job_code": "J",
            "manager_id": person_id(max(0, manager)), "job_level": 1, "job_function": f"F{self.crowd.function[row]}",
            "site_code": f"S{site}", "country": "DE", "time_zone": ZONES[site // 4],
            "work_starts": self.starts[row], "work_ends": self.starts[row] + 480, "work_days": (1, 2, 3, 4, 5),
            "languages": tuple(self.languages(row)), "offers": (), "needs": (), "capacity": 2,
            "time_budget_minutes": 240, "facilitator_ready": False, "opted_in": True, "paused_until": None,
            "not_with": (), "hired_on": TODAY + timedelta(days=7), "leaves_on": None,
        }  # fmt: skip
        return PersonChanged.model_validate(values | changes)

    def changed(self, row: int, version: int) -> PersonChanged:
        """Somebody of the crowd who has taken up another skill to teach and another to learn."""
        offer, need = (f"skill/{number}" for number in self._rng.integers(0, len(self.crowd.skills), 2))
        return self.hire(
            person_id=person_id(row),
            version=version,
            status="active",
            reasons=("profile_changed",),
            hired_on=TODAY - timedelta(days=1000),
            offers=(SkillOffer(skill_id=offer, level=5),),
            needs=(SkillNeed(skill_id=need, level=0, target_level=2),),
        )


def programme(format_: str, **changes: Any) -> ProgrammeChanged:
    """A published programme for everybody."""
    values: dict[str, Any] = {
        "programme_id": uuid4(), "version": 1, "status": "published", "name": "Learning", "objective": "Know more",
        "sponsor_id": uuid4(), "format": format_, "modality": "remote", "confidentiality": "open",
        "audience_units": (), "skills": (), "group_size_min": 4, "group_size_max": 8, "cadence_days": 14,
        "session_minutes": 45, "starts_on": TODAY, "ends_on": TODAY + timedelta(days=60), "goals": (),
    }  # fmt: skip
    return ProgrammeChanged.model_validate(values | changes)


def envelope(event: Any, number: int = 1) -> Envelope[Any]:
    """As a consumer gets it."""
    return Envelope(
        id=str(uuid4()), source=event.source, type=event.event_type, subject=event.key, time=datetime.now(UTC),
        data=event, topic=event.topic.name, key=event.key, partition=0, offset=number,
    )  # fmt: skip


@asynccontextmanager
async def matching(world: World, **overrides: object) -> AsyncIterator[tuple[MatchingSettings, Database]]:
    """A migrated database of matching with everybody in it."""
    with TemporaryDirectory() as state:
        memory = {"shared_buffers": "1GB"} if world.size >= LARGE else None
        server = Postgres(Path(state), free_port(), fsync=False, options=memory)
        async with server:
            await server.create_service_databases(["matching"])
            settings = load(MatchingSettings, "matching", database_url=server.dsn("matching", "matching"), **overrides)
            await migrate(settings)
            await world.store(settings)
            database = await Database.connect(settings)
            yield settings, database
            await database.close()
        server.remove()


def _by_person(claims: Postings, size: int) -> dict[int, list[tuple[int, int, int]]]:
    found: dict[int, list[tuple[int, int, int]]] = {}
    columns = (claims.person, claims.skill, claims.level, claims.target)
    for person, skill, level, target in zip(*(column.tolist() for column in columns), strict=True):
        found.setdefault(person, []).append((skill, level, target))
    assert len(found) <= size
    return found


def _jsonb(text: str) -> bytes:
    return b"\x01" + text.encode()
