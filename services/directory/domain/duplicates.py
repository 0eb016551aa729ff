"""When an account and a worker are one person, and what is kept of two."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar
from uuid import UUID

from services.directory.domain.person import Person
from services.directory.domain.profile import MOST_SKILLS, Profile
from shared.events.directory import PastState, PersonChanged, SkillNeed, SkillOffer

T = TypeVar("T", bound=SkillOffer | SkillNeed)
Doubt: TypeAlias = Literal["former_owner", "both_used", "several"]


@dataclass(frozen=True, slots=True)
class Pair:
    """An account without an employee number, and a worker at its address who has no account."""

    account_id: UUID
    person_id: UUID
    employee_number: str
    active: bool
    account_used: bool
    worker_used: bool

    @property
    def keep(self) -> UUID:
        """Whose id stays, if nobody says otherwise: the one that has been used, else that of the account."""
        return self.person_id if self.worker_used and not self.account_used else self.account_id

    @property
    def doubt(self) -> Doubt | None:
        """What speaks against one person; that the address is of several is not known here."""
        if not self.active:
            return "former_owner"
        return "both_used" if self.account_used and self.worker_used else None


def certain(pairs: Iterable[Pair]) -> list[Pair]:
    """Those that are one person beyond doubt: nobody else has the address, in either system."""
    found = list(pairs)
    accounts = [pair.account_id for pair in found]
    workers = [pair.person_id for pair in found]
    return [
        pair
        for pair in found
        if pair.doubt is None and accounts.count(pair.account_id) == 1 and workers.count(pair.person_id) == 1
    ]


def one_profile(kept: Profile, gone: Profile, ids: Iterable[UUID]) -> Profile:
    """What either has said; where both have, the word of whom is kept, but for lists that add up."""
    said: Mapping[str, object] = {name: value for name, value in gone if value is not None}
    both = {**said, **{name: value for name, value in kept if value is not None}}
    if kept.offers is not None and gone.offers is not None:
        both["offers"] = _added(kept.offers, gone.offers)
    if kept.needs is not None and gone.needs is not None:
        both["needs"] = _added(kept.needs, gone.needs)
    if kept.not_with is not None or gone.not_with is not None:
        named = {*(kept.not_with or ()), *(gone.not_with or ())} - set(ids)
        both["not_with"] = tuple(sorted(named))
    return kept.model_copy(update=both)


def never_here(person: Person) -> PersonChanged:
    """Told of an id before it is forgotten: nobody has come or gone with it, so that no number counts one."""
    public = person.public
    days = {past.valid_from: past for past in public.history}
    for day in (person.record[0], public.effective_at):
        days.setdefault(day, _state(public, day))
    states = [past.model_copy(update={"status": "left"}) for _, past in sorted(days.items())]
    return public.model_copy(
        update={
            "version": public.version + 1,
            "reasons": ("left",),
            "effective_at": states[-1].valid_from,
            "status": "left",
            "history": tuple(states[:-1]),
            "offers": (),
            "needs": (),
        }
    )


def _state(public: PersonChanged, day: object) -> PastState:
    facts = public.model_dump(include=PastState.model_fields.keys() - {"valid_from"})
    return PastState.model_validate({**facts, "valid_from": day})


def _added(kept: tuple[T, ...], gone: tuple[T, ...]) -> tuple[T, ...]:
    known = {one.skill_id for one in kept}
    return (*kept, *(one for one in gone if one.skill_id not in known))[:MOST_SKILLS]
