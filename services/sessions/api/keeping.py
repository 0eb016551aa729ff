"""The routes that keep learning going once it has begun."""

from services.sessions.api import arrangements, plans, polls

KEEPING = (arrangements, plans, polls)
KEEPING_ROUTERS = tuple(noun.router for noun in KEEPING)
