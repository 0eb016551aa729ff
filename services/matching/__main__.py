"""`python -m services.matching`."""

from services.matching.app import create_app
from services.matching.cli import add
from services.matching.consumers import HANDLERS
from services.matching.couriers import couriers
from services.matching.privacy import CATALOGUE
from services.matching.settings import MatchingSettings
from services.matching.timers import TIMERS
from shared.runner import Service, run

SERVICE = Service(
    name="matching",
    settings=MatchingSettings,
    app=create_app,
    handlers=HANDLERS,
    catalogue=CATALOGUE,
    timers=TIMERS,
    couriers=couriers,
    commands=add,
    read_models={"people": (), "skills": (), "programmes": ()},
)

if __name__ == "__main__":
    run(SERVICE)
