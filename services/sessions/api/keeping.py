"""The routes that keep learning going once it has begun."""

from services.sessions.api import arrangements, goals, onboarding, plans, polls, recommending

KEEPING = (arrangements, goals, onboarding, plans, polls, recommending)
KEEPING_ROUTERS = tuple(noun.router for noun in KEEPING)
