"""The directory's HTTP side."""

from fastapi import FastAPI

from services.directory.api import (
    contributions,
    erasures,
    exports,
    facilitation,
    history,
    holds,
    jobs,
    legal_holds,
    people,
    proficiency,
    skill_imports,
    skills,
    units,
)
from services.directory.policy import POLICY
from services.directory.privacy import CATALOGUE
from shared import web
from shared.privacy.api import catalogue_router
from shared.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """The application."""
    rooms = (
        people,
        history,
        holds,
        proficiency,
        contributions,
        erasures,
        exports,
        legal_holds,
        units,
        skills,
        skill_imports,
        jobs,
        facilitation,
    )
    routers = [*(room.router for room in rooms), catalogue_router(CATALOGUE, settings)]
    return web.create_app(settings, title="Lateral directory", routers=routers, policy=POLICY)
