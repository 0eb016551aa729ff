"""`python -m services.metrics api | worker | migrate | ...`."""

from services.metrics.app import create_app
from services.metrics.commands.facts import close_months
from services.metrics.consumers import HANDLERS
from services.metrics.couriers import couriers
from services.metrics.privacy import CATALOGUE
from services.metrics.settings import MetricsSettings
from services.metrics.timers import timers
from shared.rebuild import ReadModels
from shared.runner import Service, run

# Whoever was erased has a pseudonym that is drawn anew: columns that name people are left aside.
READ_MODELS: ReadModels = {
    **dict.fromkeys(("units", "skills", "feedback", "kept_months"), ()),
    **dict.fromkeys(("check_ins", "pulses", "surveys", "responses", "rounds"), ()),
    **dict.fromkeys(("help_requests", "knowledge_uses", "form_answers", "survey_items", "course_gaps"), ()),
    "programmes": ("changed_by",),
    **dict.fromkeys(("membership", "known_skills", "time_budgets"), ("person_id",)),
    **dict.fromkeys(("spans", "participations", "acknowledgements"), ("changed_by", "person_id")),
    "sessions": ("changed_by", "facilitator_id"),
    "matches": ("changed_by", "member_ids"),
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
)

if __name__ == "__main__":
    run(SERVICE)
