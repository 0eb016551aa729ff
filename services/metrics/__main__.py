"""`python -m services.metrics api | worker | migrate | ...`."""

from services.metrics.app import create_app
from services.metrics.consumers import HANDLERS
from services.metrics.privacy import CATALOGUE
from services.metrics.settings import MetricsSettings
from services.metrics.timers import TIMERS
from shared.rebuild import ReadModels
from shared.runner import Service, run

READ_MODELS: ReadModels = dict.fromkeys(
    ("units", "skills", "programmes", "membership", "sessions", "matches", "participations", "participation_months"), ()
)

SERVICE = Service(
    name="metrics",
    settings=MetricsSettings,
    app=create_app,
    handlers=HANDLERS,
    catalogue=CATALOGUE,
    timers=TIMERS,
    read_models=READ_MODELS,
)

if __name__ == "__main__":
    run(SERVICE)
