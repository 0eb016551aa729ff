"""What matching answers with, wherever it is asked."""

from uuid import UUID

from pydantic import BaseModel, Field

from shared.events.matching import MemberRole


class Reason(BaseModel):
    """One term of a score."""

    code: str
    points: int
    skill_id: str | None
    text: str


class Count(BaseModel):
    """A hard constraint and how many people it leaves, or would open if it alone were lifted."""

    constraint: str
    people: int = Field(ge=0)
    fewer_than: int | None = None
    """Of how few people there are fewer than these is told alone; `people` is the most it may be."""


class Member(BaseModel):
    """Somebody in a match, and what they said."""

    person_id: UUID
    role: MemberRole
    answer: str
