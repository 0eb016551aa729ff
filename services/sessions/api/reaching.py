"""The routes that reach people and ask them."""

from services.sessions.api import follow_up, forms, messages, replies, reviews, safety, webhooks

ROUTERS = tuple(noun.router for noun in (messages, replies, webhooks, follow_up, forms, safety, reviews))
