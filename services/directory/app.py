"""The directory's HTTP side."""

from fastapi import FastAPI

from services.directory.api import (
    contributions,
    duplicates,
    erasures,
    exports,
    facilitation,
    feeds,
    history,
    holds,
    jobs,
    legal_holds,
    people,
    proficiency,
    scim,
    scim_events,
    scim_feed,
    scim_push,
    showcase,
    skill_imports,
    skills,
    time_budgets,
    units,
)
from services.directory.api.scim_errors import ScimErrors
from services.directory.api.scim_service import scim_service
from services.directory.policy import POLICY
from services.directory.privacy import CATALOGUE
from shared import web
from shared.privacy.api import catalogue_router
from shared.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """The application."""
    rooms = (
        people,
        time_budgets,
        history,
        holds,
        duplicates,
        feeds,
        proficiency,
        contributions,
        showcase,
        erasures,
        exports,
        legal_holds,
        units,
        skills,
        skill_imports,
        jobs,
        facilitation,
        scim_events,
        scim_feed,
        scim_push,
        scim,
    )
    routers = [*(room.router for room in rooms), catalogue_router(CATALOGUE, settings)]
    app = web.create_app(settings, title="Lateral directory", routers=routers, policy=POLICY)
    # What a cursor hides is no secret of ours: every replica only has to know it for its own.
    app.state.scim = scim_service(f"{settings.issuer} {settings.audience}")
    app.add_middleware(ScimErrors)
    return app
