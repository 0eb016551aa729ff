"""Teachers as a question reads them: packed profiles in, the engine's columns out. Migration 0120 packs them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache, lru_cache
from hashlib import md5
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import available_timezones

import numpy as np

from services.matching.domain.person import utc_offset
from services.matching.engine.at_hand import Asker, Rows
from services.matching.engine.population import WORD, Bools, Ints, Masks
from services.matching.engine.rules import Rules
from services.matching.store.received import FORMATS
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.matching", "suggestions")
PROFILE = np.dtype(
    [
        *(("person", ">u8", 2), ("manager", ">u8", 2), ("unit", ">i8"), ("zone", ">u8")),
        *((name, ">i4") for name in ("level", "rank", "budget", "paused_until")),
        *((name, ">i2") for name in ("starts", "ends", "capacity", "days", "likes", "marks")),
    ]
)
FIRST_DAY = date(2000, 1, 1)
LIKES = np.array(["", "morning", "afternoon"])
LEVEL = np.uint64(7)
"""The bits of a mark that hold a level."""


class Asking(NamedTuple):
    """Who asks, as the database knows them."""

    asker: Asker
    row: Record

    def hindrance(self, today: date) -> str | None:
        """What keeps them from learning with anybody now: nothing named, taking no part, or no time left."""
        (own,) = np.frombuffer(self.row["profile"], PROFILE)
        if not self.asker.needs:
            return "nothing_named"
        if not self.row["taking_part"]:
            return "not_taking_part"
        if own["paused_until"] > _day(today):
            return "paused"
        return None if self.row["minutes"] < own["budget"] else "no_time"

    @property
    def may_teach(self) -> bool:
        """Whether they have room for a learner themselves."""
        (own,) = np.frombuffer(self.row["profile"], PROFILE)
        return bool(self.row["learners"] < own["capacity"] and self.row["minutes"] < own["budget"])


async def asking(conn: Connection, person_id: UUID, skill: str | None, rules: Rules, today: date) -> Asking | None:
    """Who asks for what they want to learn, or for one skill, wanted or not; None for somebody unknown."""
    row = await conn.fetchrow(SQL.asker, person_id, rules.cool_off_days, skill, FORMATS)
    if row is None:
        return None
    # Where a skill is wanted twice, from the lower level on.
    wanted = sorted(((need["skill_id"], need["level"], need["target_level"]) for need in row["needs"]), reverse=True)
    needs = {need[0]: need for need in wanted}
    if skill is not None:
        known = max((offer["level"] for offer in row["offers"] if offer["skill_id"] == skill), default=0)
        needs = {skill: needs.get(skill, (skill, known, 1))}
    tags = tuple(sorted(set(row["experience"])))
    wants = tuple(needs[one] for one in sorted(needs))
    return Asking(Asker(wants, tags, (today - row["hired_on"]).days, words(row["apart"])), row)


async def drawn(conn: Connection, asking: Asking, within: Sequence[str], level: int, most: int, today: date) -> Rows:
    """The asker, and up to `most` teachers of each skill they ask for, at a level: of very many some, by lot.

    They are `within` all of "site/...", "unit/...", "language/...".
    """
    asker, row = asking
    skills, least = [need[0] for need in asker.needs], [max(level, need[1] + Rules().margin) for need in asker.needs]
    # Whoever speaks a language that both the asker and the question name is found by that one.
    spoken = [one for one in row["languages"] if f"language/{one}" in within] or row["languages"]
    places = [mark(place).to_bytes(8) for place in within]
    found = await conn.fetch(SQL.teachers_of, row["person_id"], skills, least, spoken, places, most)
    profiles = np.frombuffer(b"".join((row["profile"], *(one["profiles"] for one in found))), PROFILE)
    marks = np.frombuffer(b"".join(one["marks"] for one in found), ">u8").astype(np.uint64)
    need = np.repeat([one["need"] - 1 for one in found], [len(one["profiles"]) // PROFILE.itemsize for one in found])
    return _rows(asking, profiles, np.append(0, need).astype(np.int64), marks, today)


def _rows(asking: Asking, profiles: Any, need: Ints, marks: Masks, today: date) -> Rows:
    number = {
        name: profiles[name].astype(np.int64) for name in PROFILE.names or () if name not in {"person", "manager"}
    }
    zones, zone = np.unique(profiles["zone"], return_inverse=True)
    offsets = np.array([utc_offset(zone_names()[each], today) for each in zones.tolist()], np.int64)
    holder = np.repeat(np.arange(1, len(profiles)), number["marks"][1:])
    open_ = (number["paused_until"] <= _day(today)) & (number["capacity"] > 0) & (number["budget"] > 0)
    return Rows(
        person=profiles["person"].astype(np.uint64),
        manager=profiles["manager"].astype(np.uint64),
        unit=number["unit"],
        rank=number["rank"],
        starts=number["starts"],
        ends=number["ends"],
        utc_offset=offsets[zone],
        days=number["days"],
        likes=LIKES[number["likes"]],
        need=need,
        level=number["level"],
        free=open_,
        capacity=number["capacity"],
        budget=number["budget"],
        wishes=_wishes(asking.asker, holder, marks),
        returns=_returns(asking, holder, marks, len(profiles)),
    )


def _wishes(asker: Asker, holder: Ints, marks: Masks) -> tuple[Ints, Ints]:
    """What of the asker's needs and tags each row has too; the asker's own row has all."""
    needs = np.array([mark(skill) for skill, *_ in asker.needs], np.uint64) & ~LEVEL
    tags = np.array([mark(f"#{tag}") for tag in asker.tags], np.uint64)
    wish, need = np.nonzero((marks & ~LEVEL)[:, None] == needs)
    lived, tag = np.nonzero(marks[:, None] == tags)
    own: Ints = np.arange(len(needs) + len(tags))
    return (
        np.concatenate((np.zeros_like(own), holder[wish], holder[lived])),
        np.concatenate((own, need, tag + len(needs))),
    )


def _returns(asking: Asking, holder: Ints, marks: Masks, many: int) -> Bools:
    """Who wants what the asker could teach them."""
    found = np.zeros(many, np.bool_)
    if asking.may_teach:
        offers = [(mark(offer["skill_id"]), offer["level"] - Rules().margin) for offer in asking.row["offers"]]
        for offer, level in offers:
            found[holder[((marks ^ np.uint64(offer)) <= LEVEL) & ((marks & LEVEL).astype(np.int64) <= level)]] = True
    return found


async def with_room(conn: Connection, rows: Rows, places: Ints) -> list[bool]:
    """Whether open matches leave these teachers both a place and time."""
    ids = [person_id(rows, place) for place in places.tolist()]
    busy = {row["person_id"]: (row["learners"], row["minutes"]) for row in await conn.fetch(SQL.busy, ids)}
    taken = (busy.get(one, (0, 0)) for one in ids)
    return [
        learners < capacity and minutes < budget
        for (learners, minutes), capacity, budget in zip(
            taken, rows.capacity[places].tolist(), rows.budget[places].tolist(), strict=True
        )
    ]


def person_id(rows: Rows, place: int) -> UUID:
    """Whose offer a row is."""
    high, low = rows.person[place].tolist()
    return UUID(int=high << WORD | low)


def words(ids: Iterable[UUID]) -> Masks:
    """Ids as two words a line."""
    return np.array([divmod(one.int, 1 << WORD) for one in ids], np.uint64).reshape(-1, 2)


@lru_cache(maxsize=10_000)
def mark(text: str) -> int:
    """Eight bytes of a text, as the database makes them."""
    return int.from_bytes(md5(text.encode(), usedforsecurity=False).digest()[:8])


@cache
def zone_names() -> Mapping[int, str]:
    """Every time zone by its mark."""
    return {mark(zone): zone for zone in available_timezones()}


def _day(today: date) -> int:
    return (today - FIRST_DAY).days
