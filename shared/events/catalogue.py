"""Every event class, for tools and tests; services name the classes they handle themselves."""

from inspect import isclass
from types import ModuleType

from shared.events import delivery, directory, follow_up, hr, knowledge, matching, privacy, sessions
from shared.events.base import Event

MODULES: tuple[ModuleType, ...] = (hr, directory, matching, sessions, follow_up, knowledge, privacy, delivery)
EVENTS: tuple[type[Event], ...] = tuple(
    item
    for module in MODULES
    for item in vars(module).values()
    if isclass(item) and issubclass(item, Event) and item.__module__ == module.__name__ and hasattr(item, "event_type")
)
