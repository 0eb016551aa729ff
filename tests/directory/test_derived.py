"""What is derived is published and stored unvalidated: it would pass, and comes back from the table word for word."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.directory.commands.profiles import edit_profile
from services.directory.domain.person import Surroundings, derive, proficiencies
from services.directory.domain.proficiency import Evidence, weigh
from services.directory.domain.profile import NOTHING_SAID
from services.directory.store import people as store
from shared.db import Connection
from shared.events.directory import ContactChanged, PersonChanged
from shared.events.hr import WorkerSkill
from tests.directory.hr import LONG_AGO, changes, latest, published, tell, unit, worker

ID = UUID(int=7)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SKILLS = st.lists(
    st.tuples(
        st.sampled_from(["s:a", "s:b", "s:c", "s:" + "x" * 198]), st.integers(0, 5), st.none() | st.integers(0, 5)
    ).map(lambda said: WorkerSkill(skill_id=said[0], level=said[1], target_level=said[2])),
    max_size=6,
)
TARGETS = st.dictionaries(st.sampled_from(["s:a", "s:d"]), st.integers(1, 5))
EVIDENCE = st.lists(
    st.builds(
        Evidence,
        st.sampled_from(["s:a", "s:b", "s:e"]),
        st.sampled_from(["assessment", "manager", "peer", "self"]),
        st.integers(0, 5),
        st.dates(date(2020, 1, 1), date(2026, 1, 1)),
    ),
    max_size=4,
).map(tuple)
MERGED = st.dictionaries(st.sampled_from(["s:a", "s:b"]), st.sampled_from(["s:c", "s:f"]))
STATES = st.fixed_dictionaries(
    {
        "skills": SKILLS,
        "job_level": st.integers(0, 20),
        "status": st.sampled_from(["prehire", "active", "leave", "left"]),
    },
    optional={
        "given_name": st.just("G" * 200),
        "family_name": st.just("F" * 200),
        "work_email": st.just("e" * 190 + "@corp.test"),
        "languages": st.just(["de", "ger"]),
        "locale": st.just("de-DE"),
        "country": st.just("FR"),
    },
)


@given(STATES, STATES, st.builds(Surroundings, st.just(("R", "U")), st.none() | st.just(ID), evidence=EVIDENCE,
                                 targets=TARGETS, replaced=MERGED, may_facilitate=st.booleans()))  # fmt: skip
def test_what_is_derived_would_pass_whoever_reads_it(
    first: dict[str, Any], second: dict[str, Any], around: Surroundings
) -> None:
    hired = derive(ID, worker("E1", **first), around, None, NOON)
    changed = derive(ID, worker("E1", seq=2, **second), around, hired, NOON)
    for person in (hired, changed):
        for told in (person.public, person.contact):
            read = type(told).model_validate_json(told.model_dump_json())
            assert read == told
            assert list(told.__dict__) == list(type(told).model_fields)


@given(SKILLS, TARGETS)
def test_who_only_hr_has_spoken_of_is_weighed_as_everybody_is(
    skills: list[WorkerSkill], targets: dict[str, int]
) -> None:
    told = worker("E1", skills=skills)
    best: dict[str, int] = {}
    aims = dict(targets)
    for skill in skills:
        best[skill.skill_id] = max(skill.level, best.get(skill.skill_id, 0))
        if skill.target_level:
            aims[skill.skill_id] = max(skill.target_level, aims.get(skill.skill_id, 0))
    pieces = [Evidence(skill_id, "hr", level, LONG_AGO) for skill_id, level in best.items() if level]
    assert proficiencies(told, NOTHING_SAID, Surroundings(("U",), None, targets=targets)) == weigh(pieces, aims, {})


async def test_every_change_is_stored_as_it_is_published(conn: Connection) -> None:
    """Of people who are known only what is new is written: nothing may be left out, and nothing else touched."""
    taught = [{"skill_id": "s:a", "level": 4}, {"skill_id": "s:b", "level": 1, "target_level": 3}]
    await tell(conn, unit("ROOT"), unit("U", "ROOT"), unit("V", "ROOT"), worker("M", job_level=5))
    told: list[dict[str, Any]] = [
        {},
        {"family_name": "Other", "locale": "de"},
        {"work_email": "new@corp.test", "display_name": "Somebody Else"},
        {"unit_code": "V", "manager": "M", "on": LONG_AGO + timedelta(days=40)},
        {"skills": taught, "languages": ["de", "en"], "job_title": "Lead", "job_function": "eng"},
        {"status": "leave", "termination_date": date(2040, 1, 1), "employment_type": "contractor", "region": "EMEA"},
        {"site_code": "PAR", "country": "FR", "time_zone": "Europe/Paris", "job_level": 6, "job_code": "X"},
        {"on": LONG_AGO + timedelta(days=20), "unit_code": "W", "status": "leave"},
        {"status": "left"},
        {"status": "active", "hire_date": LONG_AGO + timedelta(days=90)},
    ]
    state: dict[str, Any] = {}
    for sequence, changed in enumerate(told, 1):
        state |= changed
        await tell(conn, worker("E1", seq=sequence, **state))
        if sequence == 5:
            said = {"pace": "weekly", "capacity": 5, "work_days": (5, 1)}
            before = await latest(conn, "E1")
            await edit_profile(conn, before.person_id, said, before.version, NOON)
        await holds_what_was_told(conn)
    assert len(await changes(conn, "E1")) >= len(told) - 1


async def holds_what_was_told(conn: Connection) -> None:
    """The row, read back, is what was published last; its own columns are those of HR's record that holds."""
    (person,) = (await store.lock(conn, ["E1"])).values()
    assert person.public == (await latest(conn, "E1")).model_copy(update={"reasons": ()})
    contacts = [each for each in await published(conn, "directory.contacts") if each["email"] != "M@aurora.example"]
    assert person.contact == ContactChanged.model_validate(contacts[-1])
    newest = "SELECT state, region FROM worker_records WHERE employee_number = 'E1' ORDER BY due_at DESC, sequence DESC"
    row = await conn.fetchrow(newest)
    assert row
    record = row["state"]
    assert person.public.region == row["region"]
    for name in ("given_name", "family_name", "job_title", "employment_type", "manager_employee_number"):
        assert getattr(person, name) == record.get(name, "employee" if name == "employment_type" else None)
    assert isinstance(person.public, PersonChanged)
