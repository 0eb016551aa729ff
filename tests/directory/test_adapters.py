"""Other systems' columns, words and dates as canonical workers."""

from datetime import date
from typing import Any

import pytest

from services.directory.domain.adapters import AdapterName, Parsed, parse
from services.directory.domain.lines import Line
from shared.events.hr import WorkerSkill, WorkerUpserted

DAY = date(2026, 3, 1)

GENERIC: dict[str, Any] = {
    "employeeNumber": "E1", "effectiveAt": "2026-01-01", "sequence": "3", "status": "active", "givenName": "Ada",
    "familyName": "Lindqvist", "workEmail": "ada@corp.local", "timeZone": "Europe/Berlin", "hireDate": "2020-01-01",
    "jobCode": "SW-02", "jobTitle": "Engineer", "jobLevel": "2", "unitCode": "U", "siteCode": "BER", "country": "DE",
    "region": "DACH", "languages": "de|en", "skills": "http://s/1=4|http://s/2=1>3", "locale": "de_DE",
    "favouriteColour": "blue",
}  # fmt: skip
WORKDAY: dict[str, Any] = {
    "Employee ID": "E1", "Effective_Date": "2026-01-01", "Worker Status": "On Leave", "Legal First Name": "Ada",
    "Legal_Last_Name": "Lindqvist", "Primary Work Email": "ada@corp.local", "Time Zone": "Europe/Berlin",
    "Hire Date": "2020-01-01", "Job Profile ID": "SW-02", "Business Title": "Engineer", "Management Level": "2 Senior",
    "Supervisory Organization ID": "U", "Manager ID": "", "Location ID": "BER", "Location Country": "Germany",
    "Worker Type": "Contingent Worker", "Location Region": "DACH", "Termination Date": "",
}  # fmt: skip
SUCCESS: dict[str, Any] = {
    "userId": "E1", "startDate": "/Date(1767225600000)/", "seqNumber": 3, "emplStatus": "A", "firstName": "Ada",
    "lastName": "Lindqvist", "email": "ada@corp.local", "timezone": "Europe/Berlin", "hireDate": "2020-01-01T00:00:00",
    "jobCode": "SW-02", "jobTitle": "Engineer", "payGrade": "GR-02", "department": "U", "managerId": "NO_MANAGER",
    "location": "BER", "countryOfCompany": "DEU", "employmentEndDate": "9999-12-31",
    "geozone": "DACH",
}  # fmt: skip


def told(adapter: AdapterName, row: dict[str, Any], **defaults: object) -> Parsed:
    return parse(adapter, Line(7, row), defaults, DAY, 99)


def record(adapter: AdapterName, row: dict[str, Any]) -> WorkerUpserted:
    found = told(adapter, row)
    assert found.record, found.refused
    return found.record


def test_three_systems_say_the_same_of_a_worker() -> None:
    generic, workday, success = (
        record("generic", GENERIC), record("workday", WORKDAY), record("successfactors", SUCCESS),
    )  # fmt: skip
    differing = {"status", "employment_type", "languages", "skills", "locale", "sequence_number"}
    assert workday.model_dump(exclude=differing) == generic.model_dump(exclude=differing)
    assert success.model_dump(exclude=differing) == generic.model_dump(exclude=differing)
    assert generic.region == "DACH"
    assert (generic.locale, generic.languages, generic.sequence_number) == ("de-DE", ("de", "en"), 3)
    assert generic.skills == (
        WorkerSkill(skill_id="http://s/1", level=4),
        WorkerSkill(skill_id="http://s/2", level=1, target_level=3),
    )
    assert (workday.status, workday.employment_type, workday.sequence_number) == ("leave", "contractor", 99)
    assert (success.status, success.sequence_number, success.termination_date) == ("active", 3, None)


def test_what_a_file_lacks_is_given_by_the_file_as_a_whole() -> None:
    row = {name: value for name, value in GENERIC.items() if name not in {"timeZone", "effectiveAt", "sequence"}}
    found = told("generic", row, time_zone="Asia/Tokyo").record
    assert found
    assert (found.time_zone, found.effective_at, found.sequence_number) == ("Asia/Tokyo", DAY, 99)
    assert told("generic", row).refused == "timeZone: Field required"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"workEmail": "nobody"}, "workEmail: "),
        ({"hireDate": "01/02/2020"}, "hireDate: "),
        ({"status": "asleep"}, "status: "),
        ({"jobLevel": 21}, "jobLevel: "),
        ({"givenName": "x" * 1_000_000}, "givenName: "),
        ({"timeZone": "Mars/Olympus"}, "timeZone is no zone"),
        ({"employeeNumber": "\u0415" + "1"}, "employeeNumber: character 1 is U+0415"),
        ({"unitCode": "U\u200b"}, "unitCode: character 2 is U+200B"),
        ({"givenName": "\ud800"}, "givenName: "),
        ({"effectiveAt": "0001-01-01", "timeZone": "Asia/Tokyo"}, "0001-01-01 is no date"),
        ({"skills": [[[[1]]]]}, "skills.0"),
        ({"sequence": float("nan")}, "sequence: "),
        ({"sequence": 10**30}, "A sequence is below"),
        ({"workEmail": "e" * 196 + "@x.io"}, "workEmail has 201 characters"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_column_and_never_shown(changes: dict[str, Any], reason: str) -> None:
    found = told("generic", GENERIC | changes)
    assert found.record is None
    assert (found.refused or "").startswith(reason)
    assert len(found.refused or "") < 300


@pytest.mark.parametrize("day", ["1900-01-01", "9999-12-31"])
def test_far_dates_are_dates(day: str) -> None:
    assert str(record("generic", GENERIC | {"effectiveAt": day, "hireDate": "1900-01-01"}).effective_at) == day


def test_a_broken_line_is_refused_with_its_number() -> None:
    assert parse("generic", Line(3, None, "is not JSON"), {}, DAY, 1) == Parsed(3, None, None, "The line is not JSON.")


def test_a_line_that_no_database_can_keep_still_names_its_worker() -> None:
    line = Line(3, GENERIC | {"givenName": "\0"}, "holds a NUL character in givenName")
    assert parse("generic", line, {}, DAY, 1) == Parsed(3, "E1", None, "The line holds a NUL character in givenName.")
    line = Line(3, GENERIC | {"employeeNumber": "E\0"}, "holds a NUL character in employeeNumber")
    assert parse("generic", line, {}, DAY, 1).employee_number == r"E\u0000"
