"""`python -m services.sessions`."""

from services.sessions.app import create_app
from services.sessions.consumers import HANDLERS
from services.sessions.couriers import couriers
from services.sessions.privacy import CATALOGUE
from services.sessions.settings import SessionsSettings
from services.sessions.timers import TIMERS
from shared.runner import Service, run

SERVICE = Service(
    name="sessions",
    settings=SessionsSettings,
    app=create_app,
    handlers=HANDLERS,
    catalogue=CATALOGUE,
    timers=TIMERS,
    couriers=couriers,
    read_models={"people": ("ready_since",), "contacts": (), "skills": ()},
)

if __name__ == "__main__":
    run(SERVICE)
