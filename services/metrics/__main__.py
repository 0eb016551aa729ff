"""`python -m services.metrics api | worker | migrate | ...`."""

from services.metrics.app import create_app
from services.metrics.consumers import HANDLERS
from services.metrics.privacy import CATALOGUE
from services.metrics.settings import MetricsSettings
from services.metrics.timers import TIMERS
from shared.runner import Service, run

SERVICE = Service(
    name="metrics", settings=MetricsSettings, app=create_app, handlers=HANDLERS, catalogue=CATALOGUE, timers=TIMERS
)

if __name__ == "__main__":
    run(SERVICE)
