"""The routes that reach people, ask them, and keep what they know."""

from services.sessions.api import captures, follow_up, forms, knowledge, messages, replies, reviews, safety, webhooks

ROUTERS = tuple(
    noun.router for noun in (messages, replies, webhooks, follow_up, forms, safety, reviews, knowledge, captures)
)
