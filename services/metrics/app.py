"""The metrics API and its page."""

from fastapi import FastAPI

from services.metrics.api import (
    course_gaps,
    declared,
    exports,
    goals,
    measures,
    networks,
    pipeline,
    query_log,
    reports,
    reviews,
    skills,
    trends,
    xapi,
)
from services.metrics.policy import POLICY
from services.metrics.privacy import CATALOGUE
from services.metrics.web import dashboard, sign_in, unsubscribe
from services.metrics.web.cookie import CookieToken
from services.metrics.web.errors import ErrorPages
from shared import web
from shared.auth import Verifier
from shared.privacy.api import catalogue_router
from shared.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """The application; its page is for people, the rest for programs."""
    app = web.create_app(
        settings,
        title="Lateral metrics",
        routers=[
            measures.router,
            goals.router,
            reviews.router,
            declared.router,
            networks.router,
            skills.router,
            course_gaps.router,
            trends.router,
            exports.router,
            query_log.router,
            reports.router,
            xapi.router,
            pipeline.router,
            dashboard.router,
            sign_in.router,
            unsubscribe.router,
            catalogue_router(CATALOGUE, settings),
        ],
        policy=POLICY,
    )
    app.state.verifier = Verifier(settings)
    app.add_middleware(CookieToken)
    app.add_middleware(ErrorPages)
    return app
