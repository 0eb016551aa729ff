"""Writes what is generated from code: event schemas and pages, AsyncAPI, OpenAPI. `--check` only says what differs."""

import importlib
import json
import sys
import types
import typing
from datetime import date, datetime
from pathlib import Path
from typing import Any, get_args, get_origin
from uuid import UUID

import yaml
from pydantic import AwareDatetime
from pydantic.json_schema import models_json_schema

from docs import checklist
from shared.events.base import Event
from shared.events.catalogue import EVENTS
from shared.events.privacy import ErasureCompleted
from shared.events.topics import DEAD_LETTERS, SERVICES, TOPICS, Topic
from shared.runner import Service

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "shared/events/schemas"
WORDS: dict[Any, str] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "true or false",
    UUID: "UUID",
    date: "date",
    datetime: "date-time",
    AwareDatetime: "date-time",
    types.NoneType: "null",
}
BEGIN, END = "<!-- events:begin -->", "<!-- events:end -->"


def main() -> int:
    """Write every generated file, or list those that differ. Returns the exit code."""
    check = "--check" in sys.argv
    services: dict[str, Service] = {
        name: importlib.import_module(f"services.{name}.__main__").SERVICE for name in SERVICES
    }
    files = {
        **event_schemas(),
        ROOT / "docs/events.md": events_page(services),
        ROOT / "docs/measures.md": measures_page(),
        ROOT / "docs/checklist.md": checklist.page(),
        ROOT / "docs/asyncapi.yaml": yaml.safe_dump(asyncapi(services), sort_keys=False, allow_unicode=True, width=120),
        **{ROOT / f"docs/openapi/{name}.json": openapi(service) for name, service in services.items()},
        **{ROOT / f"services/{name}/README.md": readme(name, service) for name, service in services.items()},
    }
    stale = [path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is not what the code says: run `make docs`")  # noqa: T201
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], "utf-8")
            print(f"wrote {path.relative_to(ROOT)}")  # noqa: T201
    return 1 if check and stale else 0


def measures_page() -> str:
    """Every measure with its definition, in the catalogue's order."""
    catalogue = importlib.import_module("services.metrics.domain.measures").MEASURES
    counted = [measure for measure in catalogue.values() if measure.family]
    elsewhere = [measure for measure in catalogue.values() if not measure.family]
    lines = ["# Measures", "", "Generated from `services/metrics/domain` by `make docs`; do not edit.", ""]
    lines += ["Every value carries its definition's version, its window, what it rests on and why it may be missing."]
    lines += [f"Of {len(catalogue)} definitions {len(counted)} are counted by `GET /v1/measures/{{name}}` and"]
    lines += [f"{len(elsewhere)} are read where the table says."]
    source = None
    for measure in catalogue.values():
        if measure.source != source:
            source = measure.source
            lines += ["", f"## {source}", "", "| Measure | Unit | Definition | n, divided by | Read |"]
            lines += ["|---|---|---|---|---|"]
        divided = f"{measure.n_counts}, {measure.denominator_counts or 'nothing'}"
        at = measure.shown_at or f"`GET /v1/measures/{measure.name}`"
        name = f"{measure.title}<br>`{measure.definition_version}`"
        lines.append(f"| {name} | {measure.unit} | {measure.formula.replace('|', chr(92) + '|')} | {divided} | {at} |")
    return "\n".join(lines) + "\n"


def event_schemas() -> dict[Path, str]:
    """One JSON Schema a type, as it is on the wire."""
    return {
        SCHEMAS / f"{cls.event_type}.json": json.dumps(schema(cls), indent=2, ensure_ascii=False) + "\n"
        for cls in EVENTS
        if not cls.tombstone
    }


def schema(cls: type[Event]) -> dict[str, Any]:
    """JSON Schema 2020-12 of what may be written. Readers ignore unknown fields, so none are forbidden here."""
    body = cls.model_json_schema(by_alias=True)
    _tolerate(body)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **body, "title": cls.__name__}


def _tolerate(node: Any) -> None:
    if isinstance(node, dict):
        node.pop("additionalProperties", None)
        for value in node.values():
            _tolerate(value)
    elif isinstance(node, list):
        for value in node:
            _tolerate(value)


def purpose(cls: type) -> str:
    """The class's docstring on one line."""
    return " ".join((cls.__doc__ or "").split())


def handlers(services: dict[str, Service], cls: type[Event]) -> list[str]:
    """Which services really handle an event."""
    return [name for name, service in services.items() if cls in service.handlers]


def events_page(services: dict[str, Service]) -> str:
    """Topics and events as tables."""
    lines = ["# Events", "", "Generated from `shared/events` by `make docs`; do not edit.", "", "## Topics", ""]
    lines += ["| Topic | Owner | Readers | Key | Kept | Partitions |", "|---|---|---|---|---|---|"]
    for topic in (*TOPICS, *DEAD_LETTERS.values()):
        kept = "latest per key" if topic.full_state else f"{topic.retention_days} days"
        readers = ", ".join(topic.readers) or "operators"
        lines.append(f"| `{topic.name}` | {topic.owner} | {readers} | {topic.key} | {kept} | {topic.partitions} |")
    for topic in TOPICS:
        lines += ["", f"## {topic.name}"]
        for cls in (cls for cls in EVENTS if cls.topic is topic):
            lines += ["", f"### {cls.__name__}", "", f"`{cls.event_type}` · key `{cls.key_field}`"]
            lines += ["", purpose(cls), "", f"Handled by {', '.join(handlers(services, cls)) or 'nobody yet'}."]
            if cls.tombstone:
                lines += ["", "A tombstone: the record has a key and no value."]
            else:
                lines += ["", *fields(cls)]
    return "\n".join(lines) + "\n"


def fields(cls: type[Event]) -> list[str]:
    """A table of wire names and types."""
    rows = ["| Field | Type |", "|---|---|"]
    for name, field in cls.model_fields.items():
        rows.append(f"| `{field.serialization_alias or field.alias or name}` | {kind(field.annotation)} |")
    return rows


def kind(annotation: Any) -> str:
    """A type in words; its constraints are in the schema."""
    parts = get_args(annotation)
    match get_origin(annotation):
        case None:
            return WORDS.get(annotation) or str(annotation.__name__)
        case typing.Annotated:
            return kind(parts[0])
        case typing.Literal:
            return ", ".join(f"`{value}`" for value in parts)
        case typing.Union | types.UnionType:
            return " or ".join(kind(part) for part in parts)
        case _:
            return f"list of {kind(parts[0])}"


def asyncapi(services: dict[str, Service]) -> dict[str, Any]:
    """AsyncAPI 3.0: a channel a topic, an operation a writer and a reader."""
    carried = [cls for cls in EVENTS if not cls.tombstone]
    _, definitions = models_json_schema(
        [(cls, "validation") for cls in carried], ref_template="#/components/schemas/{model}", by_alias=True
    )
    schemas = definitions.get("$defs", {})
    _tolerate(schemas)
    for cls in EVENTS:
        if cls.tombstone:
            schemas[cls.__name__] = {"type": "null", "description": purpose(cls)}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Lateral events",
            "version": "1.0.0",
            "description": "CloudEvents 1.0.2 in Kafka binary mode.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: channel(topic) for topic in TOPICS},
        "operations": {
            name: operation
            for topic in TOPICS
            for name, operation in (
                (f"send-{topic.name}", _operation("send", topic)),
                *((f"{reader}-receives-{topic.name}", _operation("receive", topic)) for reader in topic.readers),
            )
        },
        "components": {
            "schemas": schemas,
            "messages": {cls.__name__: message(cls, handlers(services, cls)) for cls in EVENTS},
        },
    }


def channel(topic: Topic) -> dict[str, Any]:
    """One topic."""
    return {
        "address": topic.name,
        "description": f"Owned by {topic.owner}; keyed by {topic.key}.",
        "messages": {
            cls.__name__: {"$ref": f"#/components/messages/{cls.__name__}"} for cls in EVENTS if cls.topic is topic
        },
        "bindings": {"kafka": {"topic": topic.name, "partitions": topic.partitions, "bindingVersion": "0.5.0"}},
    }


def message(cls: type[Event], readers: list[str]) -> dict[str, Any]:
    """One event type."""
    return {
        "name": cls.event_type,
        "title": cls.__name__,
        "summary": purpose(cls),
        "tags": [{"name": reader} for reader in readers],
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "required": ["ce_specversion", "ce_id", "ce_source", "ce_type"],
            "properties": {
                "ce_specversion": {"const": "1.0"},
                "ce_id": {"type": "string"},
                "ce_source": {"type": "string"},
                "ce_type": {"const": cls.event_type},
                "traceparent": {"type": "string"},
            },
        },
        "payload": {"$ref": f"#/components/schemas/{cls.__name__}"},
        "bindings": {"kafka": {"key": {"type": "string", "description": cls.key_field}, "bindingVersion": "0.5.0"}},
    }


def _operation(action: str, topic: Topic) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{topic.name}"}}


def openapi(service: Service) -> str:
    """The service's OpenAPI 3.1 document."""
    app = service.app(service.load(database_url="postgresql://unused"))
    return json.dumps(app.openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def readme(name: str, service: Service) -> str:
    """The service's README with its block of events renewed."""
    text = (ROOT / f"services/{name}/README.md").read_text("utf-8")
    published = [cls for cls in EVENTS if cls.topic.owner == name or cls is ErasureCompleted]
    rows = ["| In | Topic | Handled by |", "|---|---|---|"]
    rows += [f"| `{cls.__name__}` | {cls.topic.name} | `{run.__name__}` |" for cls, run in service.handlers.items()]
    rows += ["", "| Out | Topic |", "|---|---|", *(f"| `{cls.__name__}` | {cls.topic.name} |" for cls in published)]
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n" + "\n".join(rows) + f"\n{END}{tail}"


if __name__ == "__main__":
    sys.exit(main())
