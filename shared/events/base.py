"""What every event is: a frozen, flat fact with a type, a topic and the key it is ordered by."""

from functools import cache
from typing import Annotated, Any, ClassVar, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from shared.events.topics import Topic

Code = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(max_length=2000)]
Moment = AwareDatetime
"""A point in time: one without a zone is a different one for everybody who reads it."""


class Value(BaseModel):
    """A small part of an event. Unknown fields are refused when writing; readers pass `extra="ignore"`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def trusted(cls, values: dict[str, Any]) -> Self:
        """Of values that have passed such a model before, every field among them: they are not looked at again."""
        made = cls.__new__(cls)
        object.__setattr__(made, "__dict__", values)
        object.__setattr__(made, "__pydantic_fields_set__", cls._all_fields())
        object.__setattr__(made, "__pydantic_extra__", None)
        object.__setattr__(made, "__pydantic_private__", None)
        return made

    @classmethod
    @cache
    def _all_fields(cls) -> set[str]:
        """One set for all: nobody adds to that of a frozen model."""
        return set(cls.model_fields)


class Event(Value):
    """A fact that has happened; subclasses name `event_type`, `topic` and the field that is the record key."""

    event_type: ClassVar[str]
    topic: ClassVar[Topic]
    key_field: ClassVar[str]
    tombstone: ClassVar[bool] = False
    """A tombstone travels as its key alone, with no value: compaction then forgets the key."""

    @property
    def key(self) -> str:
        """The aggregate id: record key, CloudEvents subject and unit of order."""
        return str(getattr(self, self.key_field))

    @property
    def source(self) -> str:
        """CloudEvents source: the service that says so."""
        return f"/{self.topic.owner}"

    @property
    def sequence(self) -> int | None:
        """The aggregate's version, where it has one: stale versions are counted and not applied."""
        version = getattr(self, "version", None)
        return version if isinstance(version, int) else None
