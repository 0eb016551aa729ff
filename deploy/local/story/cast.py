"""Who plays: the people as the directory knows them, and the callers in whose names the story asks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from deploy.local.sample.organization import Organization
from deploy.local.story.client import Caller, Lateral
from deploy.local.story.steps import Steps

ADMIN = Caller("admin")
ANALYST = Caller("analyst")


@dataclass(frozen=True)
class People:
    """Everybody HR told of, by the two names they have."""

    number_of: Mapping[str, str]
    """Person id to employee number."""

    @classmethod
    def of(cls, cards: Iterable[Mapping[str, Any]]) -> "People":
        """From what an administrator sees."""
        return cls({card["person_id"]: card["employee_number"] for card in cards})

    def person(self, number: str) -> str:
        """The person id behind an employee number."""
        return next(person_id for person_id, known in self.number_of.items() if known == number)

    def order(self, person_ids: Iterable[str]) -> tuple[str, ...]:
        """The employee numbers of these people, sorted: person ids are random and order nothing from run to run."""
        return tuple(sorted(self.number_of.get(person_id, person_id) for person_id in person_ids))


@dataclass(frozen=True)
class Setting:
    """All that every scene needs."""

    services: Lateral
    steps: Steps
    organization: Organization
    bootstrap: str

    @property
    def today(self) -> date:
        """The day the story began."""
        return self.organization.today


def employee(person_id: str) -> Caller:
    """Somebody for themselves."""
    return Caller("employee", person_id)
