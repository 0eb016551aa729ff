"""Whom a SCIM document from elsewhere refers to: members and managers go by the sender's ids there, by ours here."""

import re
from collections.abc import Callable
from typing import Any

REFERRING = frozenset({"members", "manager"})
QUOTED = re.compile(r'"([^"\\]{1,300})"')


def mentioned(document: object) -> list[str]:
    """Every id that a resource, or the operations of a PATCH, name a member or a manager by."""
    found: dict[str, None] = {}

    def keep(name: str) -> str:
        found[name] = None
        return name

    renamed(document, keep)
    return list(found)


def renamed(document: Any, name: Callable[[str], str], *, refers: bool = False) -> Any:
    """The same with every such id replaced. A text that `refers` is an id itself."""
    if isinstance(document, list):
        return [renamed(each, name, refers=refers) for each in document]
    if isinstance(document, str):
        return name(document) if refers else document
    if not isinstance(document, dict):
        return document
    path = document.get("path")
    about = refers or (isinstance(path, str) and _attribute(path) in REFERRING)
    return {
        key: QUOTED.sub(lambda found: f'"{name(found[1])}"', value)
        if key == "path" and about and isinstance(value, str)
        else renamed(value, name, refers=_attribute(key) in REFERRING or (about and key.lower() == "value"))
        for key, value in document.items()
    }


def _attribute(path: str) -> str:
    """`members` of `members[value eq "7"]`, `manager` of `urn:...:User:manager.value`."""
    return path.partition("[")[0].rpartition(":")[2].partition(".")[0].lower()
