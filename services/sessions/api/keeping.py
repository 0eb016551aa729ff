"""The routes that keep learning going once it has begun."""

from services.sessions.api import arrangements

KEEPING = (arrangements,)
KEEPING_ROUTERS = tuple(noun.router for noun in KEEPING)
