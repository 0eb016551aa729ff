"""The HTTP application of sessions."""

from fastapi import FastAPI

from services.sessions.api import (
    artefacts,
    availability,
    calendar,
    facilitation,
    feedback,
    formats,
    founding,
    groups,
    programmes,
    quicklogs,
    recordings,
    series,
    sessions,
    watches,
)
from services.sessions.api.keeping import KEEPING_ROUTERS
from services.sessions.api.reaching import ROUTERS
from services.sessions.policy import POLICY
from services.sessions.privacy import CATALOGUE
from shared import web
from shared.privacy.api import catalogue_router
from shared.settings import Settings

NOUNS = (programmes, groups, sessions, feedback, facilitation, calendar, formats, availability)
GATHERING = (founding, series, artefacts, quicklogs, recordings, watches)


def create_app(settings: Settings) -> FastAPI:
    """All routes, each under its policy row."""
    routers = [
        *(noun.router for noun in (*NOUNS, *GATHERING)),
        *ROUTERS,
        *KEEPING_ROUTERS,
        catalogue_router(CATALOGUE, settings),
    ]
    return web.create_app(settings, title="Lateral sessions", routers=routers, policy=POLICY)
