"""What falls due by itself."""

from services.sessions.commands import (
    answers,
    arrangements,
    captures,
    invitations,
    knowledge,
    messages,
    onboarding,
    prompts,
    recommending,
    reviews,
    safety,
    surveys,
    webhooks,
)
from services.sessions.commands.availability import prune_busy
from services.sessions.commands.extensions import extend_waiting
from services.sessions.commands.facilitators import keep_neutral
from services.sessions.commands.feedback import release_feedback, release_likeness
from services.sessions.commands.programmes import close_ended
from services.sessions.commands.quicklogs import expire_logs
from services.sessions.commands.schedules import schedule_waiting
from services.sessions.commands.series import release_slots
from shared.timers import Timer

REACHING = (
    Timer("queue-invitations", 2, invitations.queue_invitations),
    Timer("queue-reminders", 300, messages.queue_reminders),
    Timer("queue-nudges", 300, messages.queue_nudges),
    Timer("queue-digests", 300, messages.queue_digests),
    Timer("tidy-messages", 300, messages.tidy),
    Timer("prune-webhook-deliveries", 3600, webhooks.prune),
    Timer("open-pulses", 600, surveys.open_pulses),
    Timer("plan-prompts", 60, prompts.plan_prompts),
    Timer("send-prompts", 300, prompts.send_prompts),
    Timer("count-responses", 3600, prompts.count_responses),
    Timer("prune-prompts", 86400, prompts.prune_prompts),
    Timer("release-answers", 30, answers.release_answers),
    Timer("close-surveys", 3600, answers.close_surveys),
    Timer("assign-concerns", 60, safety.assign_concerns),
    Timer("run-review-rounds", 300, reviews.run_rounds),
    Timer("expire-knowledge", 600, knowledge.expire),
    Timer("count-knowledge-uses", 3600, knowledge.count_uses),
    Timer("watch-knowledge-at-risk", 300, captures.watch_risks),
    Timer("plan-captures", 60, captures.plan_waiting),
)
KEEPING = (
    Timer("alert-momentum", 3600, arrangements.alert_momentum),
    Timer("count-course-gaps", 3600, onboarding.count_gaps),
    Timer("count-needs", 21600, recommending.count_needs),
)
TIMERS = (
    *KEEPING,
    *REACHING,
    Timer("release-feedback", 1, release_feedback),
    Timer("release-likeness", 3600, release_likeness),
    Timer("schedule-waiting", 2, schedule_waiting),
    Timer("extend-series", 2, extend_waiting),
    Timer("close-ended-programmes", 3600, close_ended),
    Timer("release-slots", 30, release_slots),
    Timer("expire-quick-logs", 3600, expire_logs),
    Timer("keep-facilitators-neutral", 60, keep_neutral),
    Timer("prune-busy-times", 3600, prune_busy),
)
