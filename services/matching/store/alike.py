"""Equal values kept once: a million people work in a few places, by a few hours, in a few languages."""

from typing import TypeVar

Value = TypeVar("Value", str, tuple)  # type: ignore[type-arg]


class Alike:
    """Gives, for each value, the first that was equal to it."""

    def __init__(self) -> None:
        self._kept: dict[object, object] = {}

    def __call__(self, value: Value) -> Value:
        """The one that is kept."""
        return self._kept.setdefault(value, value)  # type: ignore[return-value]
