"""The directory's HTTP side."""

from fastapi import FastAPI

from services.directory.api import (
    contributions,
    erasures,
    facilitation,
    history,
    holds,
    jobs,
    people,
    proficiency,
    skill_imports,
    skills,
    units,
)
from services.directory.policy import POLICY
from shared import web
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
        units,
        skills,
        skill_imports,
        jobs,
        facilitation,
    )
    routers = [room.router for room in rooms]
    return web.create_app(settings, title="Lateral directory", routers=routers, policy=POLICY)
