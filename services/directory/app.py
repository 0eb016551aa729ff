"""The directory's HTTP side."""

from fastapi import FastAPI

from services.directory.api import erasures, history, holds, people, skills, units
from services.directory.policy import POLICY
from shared import web
from shared.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """The application."""
    routers = [people.router, history.router, holds.router, erasures.router, units.router, skills.router]
    return web.create_app(settings, title="Lateral directory", routers=routers, policy=POLICY)
