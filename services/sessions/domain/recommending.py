"""Why something is recommended to somebody: every suggestion says so, and nothing about it is kept."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.sessions.domain.knowledge import ENOUGH


def resource_reasons(row: Mapping[str, Any]) -> Iterator[str]:
    """Of a resource for a gap of the reader's own, in the order of weight."""
    gap = row["target"] - row["own_level"]
    yield f"You want to learn {row['label'] or row['skill_id']}: {gap} level{'s' if gap > 1 else ''} to go"
    if row["support"] and row["fit"] and row["level"] is not None:
        yield "You asked for extra support: it is for the level you have, or an easier one"
    elif row["fit"] and row["level"] is not None:
        yield "It is for the level you have, or the next one"
    if row["verified_on"] is not None:
        yield "Somebody who knows the skill vouches for it"
    if row["rated"] >= ENOUGH:
        yield f"Rated {row['quality'] / 100:.1f} of 5"


def offer_reasons(row: Mapping[str, Any]) -> Iterator[str]:
    """Of a session or group that is open to the reader."""
    if row["turn"] == 0:
        yield "It is about a skill you want to learn"
    elif row["turn"] == 1:
        yield "It is about a skill you have: others could learn from you"
    if row["known"]:
        yield "Somebody you have met in a session takes part"
    if row["soon"]:
        yield "It is within a week"
    if row["free_seats"] == 1:
        yield "There is one seat left"
    yield f"{row['programme_name']} is open to you"
