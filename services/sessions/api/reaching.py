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
    suggestions,
    testimonials,
    webhooks,
)

ASKING = (follow_up, forms, programme_forms, reviews)
SAYING = (safety, suggestions, testimonials)
ROUTERS = tuple(noun.router for noun in (messages, replies, webhooks, *ASKING, *SAYING, knowledge, captures))
