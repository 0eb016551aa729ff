"""The event contract: names, schemas, golden examples, evolution."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from docs.generate import schema
from shared.envelope import encode
from shared.events.base import Event
from shared.events.catalogue import EVENTS
from shared.events.topics import DEAD_LETTERS, SERVICES, TOPICS

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "shared/events/schemas"
EXAMPLES = ROOT / "shared/events/examples"
CARRIED = [cls for cls in EVENTS if not cls.tombstone]
TYPE = re.compile(r"^org\.lateral\.(hr|directory|matching|sessions|metrics|privacy)\.[a-z-]+\.[a-z-]+\.v\d+$")
PERSONAL = {"given_name", "family_name", "display_name", "email", "work_email", "comment"}


@pytest.mark.parametrize("cls", EVENTS)
def test_a_type_is_named_by_the_grammar_and_its_owner(cls: type[Event]) -> None:
    assert TYPE.match(cls.event_type)
    assert cls.event_type.split(".")[2] == cls.topic.name.split(".")[0]
    assert cls.key_field in cls.model_fields


def test_types_are_unique_and_every_topic_carries_something() -> None:
    assert len({cls.event_type for cls in EVENTS}) == len(EVENTS)
    assert {cls.topic for cls in EVENTS} == set(TOPICS)


def test_topics_are_named_by_owner_and_never_hold_an_underscore() -> None:
    for topic in (*TOPICS, *DEAD_LETTERS.values()):
        assert re.fullmatch(r"[a-z]+\.[a-z-]+", topic.name)
        assert topic.owner in (*SERVICES, "hr")


@pytest.mark.parametrize("cls", CARRIED)
def test_the_frozen_schema_is_what_the_code_says(cls: type[Event]) -> None:
    assert json.loads((SCHEMAS / f"{cls.event_type}.json").read_text("utf-8")) == schema(cls)


@pytest.mark.parametrize("cls", CARRIED)
def test_every_example_ever_committed_parses_and_fits_the_schema(cls: type[Event]) -> None:
    examples = sorted((EXAMPLES / cls.event_type).glob("*.json"))
    assert examples, f"{cls.event_type} has no example"
    Draft202012Validator.check_schema(schema(cls))
    for path in examples:
        text = path.read_text("utf-8")
        event = cls.model_validate_json(text, extra="ignore")
        assert json.loads(event.model_dump_json(exclude_unset=True)) == json.loads(text)
        Draft202012Validator(schema(cls), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(json.loads(text))
        encode(event, {})


@pytest.mark.parametrize("cls", CARRIED)
def test_unknown_fields_are_refused_when_writing_and_ignored_when_reading(cls: type[Event]) -> None:
    data = json.loads(next((EXAMPLES / cls.event_type).glob("*.json")).read_text("utf-8")) | {"invented": 1}
    with pytest.raises(ValidationError):
        cls.model_validate_json(json.dumps(data))
    assert cls.model_validate_json(json.dumps(data), extra="ignore")


MOMENTS = [
    (cls, name)
    for cls in CARRIED
    for name, told in schema(cls)["properties"].items()
    if "date-time" in json.dumps(told)
]


@pytest.mark.parametrize(("cls", "name"), MOMENTS)
def test_a_moment_without_a_zone_is_refused_by_its_name(cls: type[Event], name: str) -> None:
    text = next((EXAMPLES / cls.event_type).glob("*.json")).read_text("utf-8")
    with pytest.raises(ValidationError) as refused:
        cls.model_validate_json(json.dumps(json.loads(text) | {name: "2026-11-23T09:00:00"}), extra="ignore")
    assert [(error["loc"], error["type"]) for error in refused.value.errors()] == [((name,), "timezone_aware")]


@pytest.mark.parametrize("cls", [cls for cls in CARRIED if cls.topic.owner != "hr" and "contact" not in cls.event_type])
def test_no_name_no_address_and_no_free_text_travels(cls: type[Event]) -> None:
    assert not PERSONAL & set(cls.model_fields)


def _parts(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {"": body, **body.get("$defs", {})}


def breaking(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What a reader or a writer of the old schema would trip over: only additions with a default are allowed."""
    found = []
    for name, before in _parts(old).items():
        after = _parts(new).get(name, {"properties": {}})
        was, now = before.get("properties", {}), after.get("properties", {})
        found += [f"{name}.{field} is gone" for field in was if field not in now]
        found += [
            f"{name}.{field} became required"
            for field in set(after.get("required", [])) - set(before.get("required", []))
        ]
        for field in was.keys() & now.keys():
            if {k: v for k, v in was[field].items() if k not in {"description", "title"}} != {
                k: v for k, v in now[field].items() if k not in {"description", "title"}
            }:
                found.append(f"{name}.{field} changed")
    return found


def test_the_compatibility_check_sees_each_kind_of_break() -> None:
    old = {"properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a"]}
    assert breaking(old, old) == []
    assert breaking(old, {**old, "properties": {**old["properties"], "c": {"type": "string"}}}) == []  # type: ignore[dict-item]
    assert breaking(old, {"properties": {"a": {"type": "string"}}, "required": ["a"]}) == [".b is gone"]
    assert breaking(old, {**old, "required": ["a", "b"]}) == [".b became required"]
    assert breaking(old, {**old, "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}) == [".a changed"]


@pytest.mark.parametrize("cls", CARRIED)
def test_a_committed_schema_changes_only_by_addition(cls: type[Event]) -> None:
    where = f"HEAD:shared/events/schemas/{cls.event_type}.json"
    shown = subprocess.run(["git", "show", where], cwd=ROOT, capture_output=True, text=True, check=False)
    if shown.returncode == 0:
        assert breaking(json.loads(shown.stdout), schema(cls)) == []
