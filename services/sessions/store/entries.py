"""Rows to calendar entries."""

from collections.abc import Mapping
from typing import Any

from services.sessions.domain.calendar import Entry
from services.sessions.domain.formats import Format


def entry(row: Mapping[str, Any], known: Mapping[str, Format]) -> Entry:
    """One session in one person's calendar, with its format's title instead of its name."""
    values = dict(row)
    values |= {"access": tuple(values["access"]), "courses": tuple(values["courses"])}
    return Entry(title=known[values.pop("format")].title, **values)
