"""The HTTP application of matching."""

from fastapi import FastAPI

from services.matching.api import help as help_requests
from services.matching.api import introductions, knowledge, matches, not_asked, rounds, rules, suggestions
from services.matching.policy import POLICY
from services.matching.privacy import CATALOGUE
from services.matching.queries.suggestions import warm
from shared import web
from shared.privacy.api import catalogue_router
from shared.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Rounds and their rules, matches, suggestions, help."""
    routers = [
        *(rounds.router, rules.router, matches.router, suggestions.router),
        *(introductions.router, knowledge.router, help_requests.router, not_asked.router),
        catalogue_router(CATALOGUE, settings),
    ]
    return web.create_app(settings, title="Lateral matching", routers=routers, policy=POLICY, warm=warm)
