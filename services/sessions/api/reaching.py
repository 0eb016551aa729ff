"""The routes that reach people, ask them, and keep what they know."""

from services.sessions.api import (
    captures,
    follow_up,
    forms,
    knowledge,
    messages,
    programme_forms,
    replies,
    reviews,
    safety,
    webhooks,
)

ASKING = (follow_up, forms, programme_forms, reviews)
ROUTERS = tuple(noun.router for noun in (messages, replies, webhooks, *ASKING, safety, knowledge, captures))
