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
    join_links,
    posts,
    programmes,
    quicklogs,
    recordings,
    series,
    sessions,
    templates,
    watches,
)
from services.sessions.api.keeping import KEEPING_ROUTERS
from services.sessions.api.reaching import ROUTERS
from services.sessions.policy import POLICY
from services.sessions.privacy import CATALOGUE
from services.sessions.web import feedback as feedback_page
from shared import web
from shared.privacy.api import catalogue_router
from shared.settings import Settings

NOUNS = (programmes, templates, groups, sessions, feedback, facilitation, calendar, formats, availability)
GATHERING = (founding, join_links, series, artefacts, quicklogs, recordings, watches, posts)


def create_app(settings: Settings) -> FastAPI:
    """All routes, each under its policy row."""
    routers = [
        *(noun.router for noun in (*NOUNS, *GATHERING)),
        *ROUTERS,
        *KEEPING_ROUTERS,
        feedback_page.router,
        catalogue_router(CATALOGUE, settings),
    ]
    return web.create_app(settings, title="Lateral sessions", routers=routers, policy=POLICY)
