"""Rows to calendar entries."""

from collections.abc import Mapping
from typing import Any

from services.sessions.domain.calendar import Entry
from services.sessions.domain.catalogue import FORMATS


def entry(row: Mapping[str, Any]) -> Entry:
    """One session in one person's calendar; its format's title instead of its name."""
    values = dict(row)
    name = values.pop("format")
    title = FORMATS[name].title if name in FORMATS else name.replace("_", " ").capitalize()
    return Entry(title=title, **values)
