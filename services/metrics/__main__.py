"""`python -m services.metrics api | worker | migrate | ...`."""

from services.metrics.app import create_app
from services.metrics.commands.facts import close_months
from services.metrics.consumers import HANDLERS
from services.metrics.privacy import CATALOGUE
from services.metrics.settings import MetricsSettings
from services.metrics.timers import TIMERS
from shared.rebuild import ReadModels
from shared.runner import Service, run

READ_MODELS: ReadModels = {
    **dict.fromkeys(("units", "skills", "membership", "feedback", "kept_months"), ()),
    **dict.fromkeys(("check_ins", "pulses", "surveys", "responses", "rounds"), ()),
    **dict.fromkeys(("programmes", "spans", "sessions", "matches", "participations"), ("changed_by",)),
}

SERVICE = Service(
    name="metrics",
    settings=MetricsSettings,
    app=create_app,
    handlers=HANDLERS,
    catalogue=CATALOGUE,
    timers=TIMERS,
    purges={"participation": close_months},
    read_models=READ_MODELS,
)

if __name__ == "__main__":
    run(SERVICE)
