"""`python -m services.metrics api | worker | migrate | ...`."""

from services.metrics.app import create_app
from services.metrics.commands.facts import close_months, refuse_a_dump
from services.metrics.consumers import HANDLERS
from services.metrics.couriers import couriers
from services.metrics.privacy import CATALOGUE
from services.metrics.settings import MetricsSettings
from services.metrics.timers import timers
from shared.rebuild import ReadModels
from shared.runner import Service, run

# `compared_*` are rows without what no other store can have: transactions, and pseudonyms, which are drawn anew.
READ_MODELS: ReadModels = {
    **dict.fromkeys(("units", "skills", "kept_months"), ()),
    **dict.fromkeys(("help_requests", "knowledge_uses", "course_gaps"), ()),
    **dict.fromkeys(("check_ins", "pulses", "surveys", "responses", "rounds"), ("changed_by",)),
    **dict.fromkeys(("form_answers", "survey_items", "facilitation"), ("changed_by",)),
    **{f"compared_{name}": () for name in ("membership", "spans", "participations", "sessions", "matches")},
    **dict.fromkeys(("programmes", "feedback"), ("changed_by",)),
    **dict.fromkeys(("known_skills", "time_budgets"), ("person_id",)),
    "acknowledgements": ("changed_by", "person_id"),
}

SERVICE = Service(
    name="metrics",
    settings=MetricsSettings,
    app=create_app,
    handlers=HANDLERS,
    catalogue=CATALOGUE,
    timers=timers,
    couriers=couriers,
    purges={"participation": close_months},
    read_models=READ_MODELS,
    whole=refuse_a_dump,
)

if __name__ == "__main__":
    run(SERVICE)
