"""Each limit at its edge: the last that is let through, and the first that is not."""

from datetime import timedelta

import pytest

from services.directory.domain.adapters import parse
from services.directory.domain.endorsement import check_endorsement
from services.directory.domain.lines import Line, Reader
from services.directory.domain.person import Surroundings, proficiencies
from services.directory.domain.profile import NOTHING_SAID
from services.directory.domain.refusals import TooManyEndorsements
from shared.db import Connection
from tests.directory.hr import LONG_AGO, TODAY, latest, published, tell, worker


@pytest.mark.parametrize(("grade", "level"), [("GR-19", 19), ("20 Board", 20), ("GR-21", 20), ("999", 20), ("-", 0)])
def test_a_grade_above_the_highest_level_is_the_highest(grade: str, level: int) -> None:
    fields = worker("E1").model_dump(mode="json", by_alias=True) | {"jobLevel": grade}
    found = parse("generic", Line(1, fields), {}, TODAY, 1).record
    assert found
    assert found.job_level == level


@pytest.mark.parametrize(("ends", "whole"), [(50, True), (51, False)])
def test_a_quoted_field_goes_over_fifty_line_ends_and_no_more(ends: int, whole: bool) -> None:
    field = "\n" * ends
    reader = Reader("csv")
    first, *_ = [*reader.feed(f'a,b\n1,"{field}"\n2,x\n'.encode()), *reader.finish()]
    assert (first.fields, first.broken) == (
        ({"a": "1", "b": field}, None) if whole else (None, "has a quote that does not end")
    )


async def test_the_newest_hundred_earlier_states_travel(conn: Connection) -> None:
    days = [LONG_AGO + timedelta(days=number) for number in range(103)]
    await tell(conn, *(worker("E1", on=day, site_code=f"S{number}") for number, day in enumerate(days)))
    told = await latest(conn, "E1")
    assert [state.valid_from for state in told.history] == days[2:-1]
    assert (told.history[0].site_code, told.site_code) == ("S2", "S102")


async def test_anybody_may_facilitate_whatever_their_level(conn: Connection) -> None:
    """R4."""
    await tell(conn, worker("E0", job_level=0), worker("E3", job_level=3))
    assert [(await latest(conn, number)).facilitator_ready for number in ("E0", "E3")] == [True, True]


async def test_a_contact_that_stays_the_same_is_not_told_again(conn: Connection) -> None:
    await tell(conn, worker("E1"))
    await tell(conn, worker("E1", seq=2, site_code="NEW"))
    await tell(conn, worker("E1", seq=3, site_code="NEWER", locale="de"))
    contacts = await published(conn, "directory.contacts")
    assert [(contact["version"], contact["locale"]) for contact in contacts] == [(1, "en"), (2, "de")]
    assert (await latest(conn, "E1")).version == 3


def test_a_merged_skill_that_is_only_had_or_only_aimed_for_counts_as_the_new_one() -> None:
    had = worker("E1", skills=[{"skill_id": "s:old", "level": 2}])
    only_had = Surroundings(("U",), None, replaced={"s:old": "s:new"})
    (found,) = proficiencies(had, NOTHING_SAID, only_had)
    assert (found.skill_id, found.level) == ("s:new", 2)
    only_aimed = Surroundings(("U",), None, targets={"s:old": 4}, replaced={"s:old": "s:new"})
    (found,) = proficiencies(worker("E1"), NOTHING_SAID, only_aimed)
    assert (found.skill_id, found.level, found.target_level) == ("s:new", 0, 4)


def test_the_twentieth_endorsement_is_the_last_and_the_third_for_one_person() -> None:
    check_endorsement(3, 19, 2, met=True, repeated=False)
    with pytest.raises(TooManyEndorsements, match="given 20"):
        check_endorsement(3, 20, 0, met=True, repeated=False)
    with pytest.raises(TooManyEndorsements, match="this person 3"):
        check_endorsement(3, 3, 3, met=True, repeated=False)
    check_endorsement(3, 20, 3, met=True, repeated=True)
