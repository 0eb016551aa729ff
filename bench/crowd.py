"""An invented organization as arrays, at any size: skewed skills, time zones, languages, a reporting tree."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.people import Problem
from services.matching.engine.population import ANY, Ints, Population, Postings, euler, weeks
from services.matching.engine.rules import Rules

LANGUAGES = ("de", "en", "es", "fr", "hi", "ja", "pt", "zh")
# Minutes ahead of UTC, share of people, and the languages of the place by their share.
ZONES = (
    (60, 0.34, (0.75, 0.85, 0.05, 0.2, 0.0, 0.0, 0.03, 0.0)),
    (0, 0.14, (0.05, 0.98, 0.08, 0.1, 0.02, 0.0, 0.02, 0.0)),
    (-300, 0.20, (0.02, 0.97, 0.25, 0.05, 0.02, 0.01, 0.02, 0.02)),
    (-480, 0.08, (0.02, 0.97, 0.2, 0.03, 0.04, 0.02, 0.01, 0.05)),
    (-180, 0.06, (0.02, 0.5, 0.3, 0.02, 0.0, 0.02, 0.98, 0.0)),
    (330, 0.12, (0.01, 0.92, 0.0, 0.01, 0.85, 0.0, 0.0, 0.0)),
    (480, 0.06, (0.01, 0.6, 0.0, 0.01, 0.0, 0.04, 0.0, 0.95)),
)
SPAN = 9


def population(size: int, seed: int = 7, skills: int | None = None) -> Population:
    """People who each offer and seek one to three of skills whose demand falls off like words in a language."""
    rng = np.random.default_rng(seed)
    zone = rng.choice(len(ZONES), size, p=[share for _, share, _ in ZONES])
    offset = np.array([minutes for minutes, *_ in ZONES])[zone]
    start = 480 + 30 * rng.integers(0, 5, size) - offset
    hours = np.zeros(size, np.uint64)
    for slot in range(48):
        inside = (slot - start // 30) % 48 < 16
        hours |= inside.astype(np.uint64) << np.uint64(slot)
    week = weeks(start // 30, start // 30 + 16, np.tile(np.arange(7) < 5, (size, 1)))
    speaks = rng.random((size, len(LANGUAGES))) < np.array([shares for *_, shares in ZONES])[zone]
    speaks[~speaks.any(1), 1] = True
    languages = (speaks * (1 << np.arange(len(LANGUAGES)))).sum(1).astype(np.uint64)[:, None]
    manager = (np.arange(size) - 1) // SPAN
    enters, leaves = euler(manager)
    unit = np.maximum(manager, 0)
    kinds = skills or max(12, min(2000, size // 20))
    weight = 1 / (np.arange(kinds) + 8) ** 0.85
    offers = _claims(rng, size, kinds, weight, 2, (3, 6))
    needs = _claims(rng, size, kinds, weight, 1, (0, 4))
    return Population(
        ids=(),
        index={},
        skills=tuple(f"skill/{number}" for number in range(kinds)),
        skill_site=np.full(kinds, -1),
        tags=(),
        available=rng.random(size) < 0.95,
        hours=hours,
        days=np.packbits(week != 0, axis=1, bitorder="little")[:, 0].astype(np.uint64),
        week=week,
        languages=np.ascontiguousarray(languages),
        spoken=LANGUAGES,
        unit=unit,
        division=unit // SPAN**3,
        site=zone * 4 + rng.integers(0, 4, size),
        function=rng.integers(0, 14, size),
        level=np.minimum(6, rng.geometric(0.45, size)),
        tenure=rng.exponential(timedelta(days=1200).days, size).astype(np.int64),
        slots=rng.choice([0, 1, 2, 3], size, p=[0.3, 0.3, 0.3, 0.1]),
        places=rng.choice([1, 2, 3, 4], size, p=[0.1, 0.3, 0.3, 0.3]),
        load=np.zeros(size, np.int64),
        ready=rng.random(size) < 0.15,
        facilitating=np.zeros(size, np.int64),
        hosted=np.zeros(size, np.int64),
        agreed=rng.choice([60, 120, 240], size),
        liked=np.full(size, ANY),
        new_host=np.zeros(size, np.bool_),
        waited=rng.choice([0, 1, 2, 3], size, p=[0.7, 0.15, 0.1, 0.05]),
        keen=np.zeros(size, np.bool_),
        fewest=np.zeros(size, np.int64),
        most=np.zeros(size, np.int64),
        manager=manager,
        enters=enters,
        leaves=leaves,
        apart=_apart(rng, size),
        offers=offers,
        needs=needs,
        lived=(np.zeros(0, np.int64), np.zeros(0, np.int64)),
        lots=rng.integers(0, 2**63, size).astype(np.uint64),
    )


def problem(seed: int = 7, **rules: Any) -> Problem:
    """Everybody asked, by a programme about anything."""
    return Problem((), frozenset[UUID](), replace(Rules(), **rules), seed)


def _claims(
    rng: np.random.Generator, size: int, kinds: int, weight: NDArray[np.float64], most: int, levels: tuple[int, int]
) -> Postings:
    count = rng.integers(1, most + 1, size)
    person = np.repeat(np.arange(size), count)
    skill = rng.choice(kinds, len(person), p=weight / weight.sum())
    key = np.unique(skill * size + person)
    skill, person = np.divmod(key, size)
    level = rng.integers(*levels, len(key))
    target = np.minimum(5, level + rng.integers(1, 3, len(key)))
    start = np.searchsorted(skill, np.arange(kinds + 1)).astype(np.int64)
    return Postings(person, level, target, skill, start)


def _apart(rng: np.random.Generator, size: int) -> Ints:
    one, other = rng.integers(0, size, (2, size // 200))
    keys: Ints = np.unique(np.minimum(one, other) * size + np.maximum(one, other))
    return keys
