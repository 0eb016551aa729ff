"""The sample organization is the same for everybody, well formed at any size, and a stranger to our code."""

import ast
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from deploy.local.ports import free_port
from deploy.local.sample import organization, publish, skills
from deploy.local.sample.names import local_part
from deploy.local.sample.organization import PEOPLE, Organization, Worker, first_days
from deploy.local.sample.structure import MAX_SPAN, MIN_SPAN, plan
from shared import kafka
from shared.envelope import Envelope, Raw, decode
from shared.events.base import Event
from shared.events.hr import OrgUnitUpserted, WorkerUpserted
from shared.settings import Settings, load

ROOT = Path(__file__).resolve().parents[2]
ESCO = ROOT.parent / "shared" / "data" / "taxonomy" / "esco_skills_1.2.0_en.jsonl.gz"
TODAY = date(2026, 11, 21)
SIZES = (10, 14, 33, 100, 2000, 20_000)
CLASSES: dict[str, type[Event]] = {cls.event_type: cls for cls in (OrgUnitUpserted, WorkerUpserted)}


def digest(people: int) -> str:
    sha = hashlib.sha256()
    for record in publish.records(Organization(TODAY, people)):
        sha.update(json.dumps(record).encode())
    return sha.hexdigest()


@cache
def workers(people: int) -> tuple[Worker, ...]:
    return tuple(Organization(TODAY, people).workers())


def now(people: int) -> dict[str, Worker]:
    return {worker.employee_number: worker for worker in reversed(workers(people))}


def in_the_end(people: int) -> dict[str, Worker]:
    return {worker.employee_number: worker for worker in workers(people)}


def test_two_processes_with_other_hashes_make_the_same_events() -> None:
    code = "from tests.local.test_sample import digest; print(digest(2000))"
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert digests == {digest(2000)}


def test_another_seed_is_another_organization() -> None:
    names = [[worker.work_email for worker in Organization(TODAY, 50, seed).workers()] for seed in (1, 2)]
    assert names[0] != names[1]


@pytest.mark.parametrize("days", [1, 2, 30, 400])
def test_another_day_brings_the_same_people_in_the_same_places(days: int) -> None:
    later = {worker.employee_number: worker for worker in Organization(TODAY + timedelta(days), 500).workers()}
    assert {(w.work_email, w.unit_code, w.skills) for w in later.values()} == {
        (w.work_email, w.unit_code, w.skills) for w in in_the_end(500).values()
    }


@pytest.mark.parametrize("people", SIZES)
def test_every_event_fits_the_contract(people: int) -> None:
    for record in publish.records(Organization(TODAY, people)):
        event = CLASSES[record.type].model_validate_json(json.dumps(record.data))
        assert (event.key, event.topic.name) == (record.key, record.topic)
        assert event.model_dump(mode="json", by_alias=True) == record.data


@pytest.mark.parametrize("people", SIZES)
def test_numbers_and_addresses_are_unique_and_as_many_as_asked_for(people: int) -> None:
    everybody = now(people).values()
    assert len(everybody) == people
    assert len({worker.work_email for worker in everybody}) == people
    assert all(re.fullmatch(r"[a-z0-9]+\.[a-z0-9]+@aurora\.example", worker.work_email) for worker in everybody)


@pytest.mark.parametrize("people", SIZES)
@pytest.mark.parametrize("when", [now, in_the_end])
def test_spans_of_control_stay_in_bounds(people: int, when: Callable[[int], dict[str, Worker]]) -> None:
    spans = Counter(w.manager_employee_number for w in when(people).values() if w.status != "left")
    assert spans.pop(None) == 1
    assert all(MIN_SPAN <= span <= MAX_SPAN for span in spans.values())


def test_spans_of_control_stay_in_bounds_when_many_move(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(organization, "_MOVES", 0.1)
    last = {worker.employee_number: worker for worker in Organization(TODAY, 3000, seed=4).workers()}
    spans = Counter(w.manager_employee_number for w in last.values() if w.status != "left")
    assert spans.pop(None) == 1
    assert sum(w.sequence == 2 and w.effective_at > TODAY for w in last.values()) > 150
    assert all(MIN_SPAN <= span <= MAX_SPAN for span in spans.values())


@pytest.mark.parametrize("people", SIZES)
def test_reporting_lines_lead_up_to_the_one_at_the_top(people: int) -> None:
    managers = {number: worker.manager_employee_number for number, worker in in_the_end(people).items()}
    for above in managers.values():
        number, steps = above, 0
        while number is not None:
            number, steps = managers[number], steps + 1
            assert steps <= 10


@pytest.mark.parametrize("people", SIZES)
def test_units_form_a_tree_whose_heads_work_in_them(people: int) -> None:
    units = {unit.code: unit for unit in Organization(TODAY, people).units()}
    everybody = now(people)
    assert len({unit.name for unit in units.values()}) == len(units)
    assert [unit.code for unit in units.values() if unit.parent_code is None] == ["AUR"]
    seen: set[str | None] = {None}
    for unit in units.values():
        assert unit.parent_code in seen
        seen.add(unit.code)
        assert everybody[unit.head_employee_number].unit_code == unit.code
    assert {worker.unit_code for worker in workers(people)} <= units.keys()


@given(people=st.integers(min_value=10, max_value=30_000), seed=st.integers(min_value=0, max_value=9))
@settings(max_examples=60, deadline=None)
def test_a_plan_gives_every_person_one_place(people: int, seed: int) -> None:
    taken = 0
    for unit in plan(seed, people, "X", "Any"):
        assert unit.first == taken
        assert MIN_SPAN <= unit.span <= MAX_SPAN
        taken += 1 + unit.direct
    assert taken == people


def test_the_default_organization_has_something_for_every_feature() -> None:
    first, last = now(PEOPLE), in_the_end(PEOPLE)
    statuses = Counter(worker.status for worker in first.values())
    starting = [w for w in last.values() if -10 <= (w.hire_date - TODAY).days <= 14]
    future = [w for w in workers(PEOPLE) if w.effective_at > TODAY]
    moves = [w for w in future if w.unit_code != first[w.employee_number].unit_code]
    assert len(starting) == 25
    assert all(w.status == "prehire" for w in first.values() if w.hire_date > TODAY)
    assert 4 <= len(moves) <= 8
    assert len(future) == len(moves) + statuses["prehire"]
    assert statuses["left"] == 30
    assert 20 <= statuses["leave"] <= 60
    leaving = [w for w in first.values() if w.status != "left" and w.termination_date]
    assert sorted((w.termination_date - TODAY).days for w in leaving if w.termination_date) == [40, 75]
    assert 40 <= sum(w.employment_type == "contractor" for w in first.values()) <= 120
    assert len({w.country for w in first.values()}) == 7
    assert 7 <= len({w.time_zone for w in first.values()}) <= 9
    assert {str(ZoneInfo(zone)) for zone in {w.time_zone for w in first.values()}}
    assert sum("en" in w.languages for w in first.values()) > 0.9 * PEOPLE
    divisions = [unit for unit in Organization(TODAY).units() if unit.parent_code == "AUR"]
    assert 6 <= len(divisions) <= 9


def test_people_know_three_to_eight_skills_and_plan_one_to_three() -> None:
    for worker in workers(PEOPLE):
        held = [claim for claim in worker.skills if claim.level]
        planned = [claim for claim in worker.skills if claim.target_level is not None]
        assert 3 <= len(held) <= 8
        assert 1 <= len(planned) <= 3
        assert all(claim.level < (claim.target_level or 0) <= 5 for claim in planned)
        assert len({claim.skill_id for claim in worker.skills}) == len(worker.skills)


def test_most_skills_have_experts_and_learners_a_few_one_expert_and_a_few_none() -> None:
    claims = [claim for worker in now(PEOPLE).values() for claim in worker.skills]
    experts = Counter(claim.skill_id for claim in claims if claim.level >= 4)
    holders = Counter(claim.skill_id for claim in claims if claim.level)
    learners = Counter(claim.skill_id for claim in claims if claim.target_level)
    usual = [skill.uri for family in skills.BY_FAMILY.values() for skill in family]
    assert all(experts[uri] >= 2 and learners[uri] >= 2 for uri in usual)
    assert [holders[skill.uri] for skill in skills.SINGLE_EXPERT.values()] == [1] * 5
    assert all(holders[skill.uri] == 0 and learners[skill.uri] >= 5 for skill in skills.SOUGHT)


@pytest.mark.parametrize("weekday", range(7))
def test_new_hires_start_on_working_days_around_today(weekday: int) -> None:
    today = TODAY + timedelta(days=weekday)
    days = first_days(today)
    assert all(day.weekday() < 5 and -10 <= (day - today).days <= 14 for day in days)
    assert {day > today for day in days} == {True, False}


def test_a_newcomer_is_nobody_else_and_starts_today_in_a_team() -> None:
    aurora = Organization(TODAY, 300)
    units = {unit.code: unit for unit in aurora.units()}
    worker = aurora.newcomer("H1", "Jörg", "da Costa")
    assert worker == aurora.newcomer("H1", "Jörg", "da Costa")
    assert worker.employee_number not in now(300)
    assert worker.work_email == "joerg.dacosta.h1@aurora.example"
    assert (worker.status, worker.hire_date, worker.effective_at) == ("active", TODAY, TODAY)
    assert units[worker.unit_code].head_employee_number == worker.manager_employee_number


def test_newcomers_bring_no_second_expert_of_a_rare_skill() -> None:
    rare = {skill.uri for skill in (*skills.SINGLE_EXPERT.values(), *skills.SOUGHT)}
    newcomers = [Organization(TODAY, 100).newcomer(f"H{number}") for number in range(40)]
    assert not [claim for worker in newcomers for claim in worker.skills if claim.skill_id in rare and claim.level]


def test_an_organization_of_nine_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 10 people"):
        Organization(TODAY, 9)


@pytest.mark.parametrize(
    ("given_name", "family_name", "expected"),
    [
        ("Björn", "Großmann", "bjoern.grossmann"),
        ("José", "Núñez", "jose.nunez"),
        ("Ana", "da Conceição", "ana.daconceicao"),
        ("Siobhán", "O'Neill-Smith", "siobhan.oneillsmith"),
    ],
)
def test_addresses_are_plain_ascii(given_name: str, family_name: str, expected: str) -> None:
    assert local_part(given_name, family_name) == expected


@pytest.mark.parametrize("file", sorted((ROOT / "deploy/local/sample").glob("*.py")), ids=lambda path: path.name)
def test_the_hr_system_imports_nothing_of_ours(file: Path) -> None:
    tree = ast.parse(file.read_text("utf-8"))
    modules = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    modules += [node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    for module in modules:
        assert module.split(".")[0] not in {"", "shared", "services", "tests", "bench"}
        assert not module.startswith("deploy") or module.startswith("deploy.local.sample")


def test_skill_uris_are_well_formed_and_unique() -> None:
    uris = [skill.uri for skill in skills.ALL]
    assert 140 <= len(uris) == len(set(uris)) == len({skill.label for skill in skills.ALL})
    assert all(
        re.fullmatch(r"http://data\.europa\.eu/esco/skill/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", u) for u in uris
    )


@pytest.mark.skipif(not ESCO.is_file(), reason=f"the ESCO taxonomy is not present at {ESCO}")
def test_skill_uris_are_in_the_esco_taxonomy() -> None:
    with gzip.open(ESCO, "rt", encoding="utf-8") as lines:
        known = {json.loads(line)["uri"] for line in lines}
    assert {skill.uri for skill in skills.ALL} <= known


def on(bootstrap: str, prefix: str) -> Settings:
    return load(Settings, "directory", database_url="postgresql://none", kafka_bootstrap=bootstrap, topic_prefix=prefix)


async def test_what_is_published_is_what_a_consumer_of_ours_decodes(bootstrap: str) -> None:
    prefix = "sample-"
    target = on(bootstrap, prefix)
    await kafka.apply_topics(target)
    aurora = Organization(TODAY, 60)
    delivered: list[int] = []
    delivery = publish.publish_organization(bootstrap, aurora, delivered.append, prefix=prefix)
    wanted = list(publish.records(aurora))
    assert delivery.records == sum(delivered) == len(wanted)
    last = publish.publish_worker(bootstrap, aurora.newcomer("H7"), prefix=prefix)
    reader = kafka.consumer(target, "sample-reader")
    reader.subscribe([prefix + publish.ORG_UNITS, prefix + publish.WORKERS])
    envelopes: list[Envelope[Event]] = []
    await reader.start()
    try:
        while len(envelopes) <= len(wanted):
            record = await reader.getone()
            headers = tuple((name, bytes(value)) for name, value in record.headers)
            topic = record.topic.removeprefix(prefix)
            envelope = decode(Raw(topic, record.partition, record.offset, record.key, headers, record.value), CLASSES)
            assert envelope is not None
            envelopes.append(envelope)
    finally:
        await reader.stop()
    assert {envelope.key for envelope in envelopes} == {record.key for record in wanted} | {"H7"}
    assert {envelope.source for envelope in envelopes} == {"https://hr.aurora.example"}
    assert len({envelope.id for envelope in envelopes}) == len({e.traceparent for e in envelopes}) == len(envelopes)
    newcomer = next(envelope for envelope in envelopes if envelope.key == "H7")
    assert (newcomer.id, newcomer.partition, newcomer.offset) == (last.event_id, last.partition, last.offset)
    assert (newcomer.traceparent or "").split("-")[1] == last.trace_id


async def test_the_command_line_says_what_it_has_published(bootstrap: str) -> None:
    prefix = "command-"
    await kafka.apply_topics(on(bootstrap, prefix))
    where = ["--bootstrap", bootstrap, "--prefix", prefix, "--people", "50"]
    everybody = CliRunner().invoke(publish.cli, where)
    assert "HR events about 50 people delivered" in everybody.output
    hired = CliRunner().invoke(publish.cli, ["hire", *where, "--number", "H9", "--given-name", "Ada"])
    assert re.search(
        r"hired  Ada .*H9.*\nteam   .*\nevent  .* on command-hr\.workers, .*\ntrace  [0-9a-f]{32}\n", hired.output
    )
    assert (everybody.exit_code, hired.exit_code) == (0, 0)


def test_what_the_broker_does_not_take_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "_DELIVERY_TIMEOUT", 0.5)
    with pytest.raises(publish.NotDelivered, match="1 of 1 HR events not delivered"):
        publish.publish_worker(f"127.0.0.1:{free_port()}", Organization(TODAY, 10).newcomer("H1"))
