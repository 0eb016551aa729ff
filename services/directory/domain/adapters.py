"""Other systems' exports as canonical workers: names of columns, words for states, shapes of dates."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal, NamedTuple

import pycountry
from pydantic import ValidationError

from services.directory.domain.history import check_address, check_sequence, due_at
from services.directory.domain.lines import Line
from services.directory.domain.names import check_worker
from services.directory.domain.refusals import UnreadableFile
from shared.events.hr import WorkerUpserted
from shared.refusal import Refused

AdapterName = Literal["generic", "workday", "successfactors"]
FOR_EVER = 2999
"""Years that say `no end`."""
HIGHEST_LEVEL = 20
ODATA_DATE = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")
NOBODY = frozenset({"", "no_manager", "none", "null", "n/a"})
Convert = Callable[[object], object]


class Parsed(NamedTuple):
    """What a line says of a worker, or why it says nothing; the number is kept where it could be read."""

    line: int
    employee_number: str | None
    record: WorkerUpserted | None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Adapter:
    """Columns by canonical field, first match wins; `states` are the words for a status, in lower case."""

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


FIELDS = {_plain(name): name for name in WorkerUpserted.model_fields} | {"sequence": "sequence_number"}

ADAPTERS: Mapping[AdapterName, Adapter] = {
    "generic": Adapter(),
    "workday": Adapter(
        columns={
            "employee_number": ("Employee_ID", "Worker_ID"),
            "effective_at": ("Effective_Date",),
            "status": ("Worker_Status", "Employee_Status"),
            "given_name": ("Preferred_First_Name", "Legal_First_Name", "First_Name"),
            "family_name": ("Preferred_Last_Name", "Legal_Last_Name", "Last_Name"),
            "display_name": ("Preferred_Name", "Worker"),
            "work_email": ("Primary_Work_Email", "Email_Address_Work", "Work_Email"),
            "locale": ("User_Language", "Locale"),
            "time_zone": ("Time_Zone", "Location_Time_Zone"),
            "employment_type": ("Worker_Type", "Employee_Type"),
            "hire_date": ("Hire_Date", "Original_Hire_Date"),
            "termination_date": ("Termination_Date",),
            "job_code": ("Job_Profile_ID", "Job_Code"),
            "job_title": ("Business_Title", "Job_Profile_Name"),
            "job_level": ("Management_Level", "Compensation_Grade"),
            "job_function": ("Job_Family",),
            "unit_code": ("Supervisory_Organization_ID", "Organization_Reference_ID"),
            "manager_employee_number": ("Manager_Employee_ID", "Manager_ID"),
            "site_code": ("Location_ID", "Work_Location"),
            "country": ("Location_Country", "Country_ISO_Code", "Country"),
            "region": ("Location_Region", "Region"),
        },
        states={
            "active": "active", "on leave": "leave", "leave": "leave", "terminated": "left", "retired": "left",
            "pre-hire": "prehire", "future hire": "prehire", "inactive": "left",
        },
    ),
    "successfactors": Adapter(
        columns={
            "employee_number": ("userId", "personIdExternal"),
            "effective_at": ("startDate", "effectiveStartDate"),
            "sequence_number": ("seqNumber",),
            "status": ("emplStatus", "status"),
            "given_name": ("preferredName", "firstName"),
            "family_name": ("lastName",),
            "display_name": ("displayName", "defaultFullName"),
            "work_email": ("email", "emailAddress"),
            "locale": ("defaultLocale",),
            "time_zone": ("timezone",),
            "employment_type": ("employeeClass", "employmentType"),
            "hire_date": ("hireDate", "originalStartDate"),
            "termination_date": ("employmentEndDate", "lastDateWorked"),
            "job_code": ("jobCode",),
            "job_title": ("jobTitle", "title"),
            "job_level": ("payGrade", "jobLevel"),
            "job_function": ("jobFunction",),
            "unit_code": ("department",),
            "manager_employee_number": ("managerId",),
            "site_code": ("location",),
            "country": ("countryOfCompany", "country"),
            "region": ("locationGeoZone", "geozone", "region"),
        },
        states={
            "a": "active", "active": "active", "t": "left", "terminated": "left", "r": "left", "retired": "left",
            "d": "left", "discarded": "left", "p": "leave", "paid leave": "leave", "u": "leave",
            "unpaid leave": "leave", "f": "leave", "furlough": "leave", "s": "leave", "suspended": "leave",
            "inactive": "left",
        },
    ),
}  # fmt: skip
KINDS = {
    "employee": "employee", "regular": "employee", "contractor": "contractor", "contingent worker": "contractor",
    "contingent": "contractor", "external": "contractor", "intern": "intern", "trainee": "intern",
}  # fmt: skip


def parse(adapter: AdapterName, line: Line, defaults: Mapping[str, object], day: date, sequence: int) -> Parsed:
    """A line as a worker's record; `day` and `sequence` date those that say neither. Refusals name the column."""
    if line.fields is None:
        return Parsed(line.number, None, None, f"The line {line.broken}.")
    found, origin = _fields(ADAPTERS[adapter], line.fields)
    number = found.get("employee_number")
    name = _storable(str(number)[:200]) if number is not None else None
    if line.broken is not None:
        return Parsed(line.number, name, None, _storable(f"The line {line.broken}."))
    values = {"effective_at": day, "sequence_number": sequence, **defaults, **found}
    try:
        record = WorkerUpserted.model_validate(values)
        check_worker(record)
        check_sequence(record.sequence_number)
        check_address(record)
        due_at(record)
    except ValidationError as error:
        return Parsed(line.number, name, None, _reason(error, origin))
    except Refused as refused:
        return Parsed(line.number, name, None, refused.detail)
    return Parsed(line.number, record.employee_number, record)


def check_header(adapter: AdapterName, names: Sequence[str]) -> None:
    """Raises UnreadableFile for a header that cannot tell one worker from another: this is no such file."""
    wanted = (*ADAPTERS[adapter].columns.get("employee_number", ()), "employeeNumber")
    if not {*map(_plain, wanted)} & {*map(_plain, names)}:
        raise UnreadableFile(f"The header has no column for the employee number: {' or '.join(wanted)}.")


def _fields(adapter: Adapter, row: Mapping[str, object]) -> tuple[dict[str, object], dict[str, str]]:
    """Canonical values, and which column each came from. An empty one is as good as absent."""
    told = {_plain(name): (name, value) for name, value in row.items()}
    sources = {name: [*map(_plain, adapter.columns.get(name, ())), plain] for plain, name in FIELDS.items()}
    found: dict[str, object] = {}
    origin: dict[str, str] = {}
    for name, plains in sources.items():
        for plain in plains:
            column, value = told.get(plain, (None, None))
            if column is None or value is None or (isinstance(value, str) and not value.strip()):
                continue
            found[name], origin[name] = _converted(adapter, name, value), column
            break
    return {name: value for name, value in found.items() if value is not None}, origin


def _converted(adapter: Adapter, name: str, value: object) -> object:
    convert = CONVERT.get(name)
    if name == "status" and isinstance(value, str):
        return adapter.states.get(value.strip().lower(), value.strip().lower())
    if convert is not None:
        return convert(value)
    return value.strip() if isinstance(value, str) else value


def _day(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if found := ODATA_DATE.fullmatch(text):
        seconds = int(found[1]) / 1000
        try:
            return datetime.fromtimestamp(seconds, UTC).date()
        except (OverflowError, ValueError, OSError):
            return text
    return text[:10] if re.match(r"\d{4}-\d{2}-\d{2}[T ]", text) else text


def _end(value: object) -> object:
    day = _day(value)
    return None if isinstance(day, str) and day[:4].isdecimal() and int(day[:4]) >= FOR_EVER else day


def _manager(value: object) -> object:
    text = str(value).strip()
    return None if text.lower() in NOBODY else text


def _country(value: object) -> object:
    text = str(value).strip()
    found = pycountry.countries.get(alpha_3=text.upper()) or pycountry.countries.get(name=text)
    return found.alpha_2 if found else text.upper() if len(text) == 2 else text  # noqa: PLR2004 - alpha-2


def _level(value: object) -> object:
    """The first number of a grade such as `GR-05`; none there is level 0."""
    if not isinstance(value, str):
        return value
    found = re.search(r"\d{1,3}", value)
    return min(int(found[0]), HIGHEST_LEVEL) if found else 0


def _locale(value: object) -> object:
    return str(value).strip().replace("_", "-")


def _kind(value: object) -> object:
    text = str(value).strip().lower()
    return KINDS.get(text, text)


def _list(value: object) -> object:
    return [part.strip() for part in re.split(r"[|;,]", value) if part.strip()] if isinstance(value, str) else value


def _skills(value: object) -> object:
    """`skill=level` or `skill=level>target`, with `|` between them."""
    if not isinstance(value, str):
        return value
    skills = []
    for part in filter(None, map(str.strip, value.split("|"))):
        skill, _, levels = part.rpartition("=")
        level, _, target = levels.partition(">")
        skills.append({"skill_id": skill or part, "level": level, "target_level": target or None})
    return skills


def _number(value: object) -> object:
    """Spreadsheets turn numbers of employees into numbers."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)


def _text(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


CONVERT: Mapping[str, Convert] = {
    "employee_number": _number,
    "effective_at": _day,
    "hire_date": _day,
    "termination_date": _end,
    "manager_employee_number": _manager,
    "country": _country,
    "job_level": _level,
    "locale": _locale,
    "employment_type": _kind,
    "languages": _list,
    "skills": _skills,
}


def _reason(error: ValidationError, origin: Mapping[str, str]) -> str:
    """The wrong columns by the names the file gives them; no value, for it may be somebody's."""
    names = {alias: name for name, info in WorkerUpserted.model_fields.items() if (alias := info.alias)}

    def column(place: tuple[int | str, ...]) -> str:
        first = str(place[0]) if place else "line"
        name = names.get(first, first)
        return ".".join([origin.get(name, first), *map(str, place[1:])])

    found = error.errors(include_input=False, include_url=False)
    return _storable("; ".join(f"{column(each['loc'])}: {each['msg']}" for each in found[:5]))


def _storable(text: str) -> str:
    """What JSON may hold and no database does, a NUL and half a character of UTF-16, as they are escaped."""
    return text.encode(errors="backslashreplace").decode().replace("\0", r"\u0000")
