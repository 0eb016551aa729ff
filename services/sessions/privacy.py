"""What sessions holds of people, why, and for how long."""

from shared.privacy.catalogue import Catalogue, Table, older, own

LONG_OVER = "session_id IN (SELECT session_id FROM sessions WHERE ends_at < $1)"

REACHING = (
    Table(
        "invitations",
        "What stands in whose calendar because of us.",
        "participation",
        about=own("person_id"),
        aged=LONG_OVER,
    ),
    Table(
        "messages",
        "That somebody was told, reminded or asked, when, and whether it arrived; never what was said.",
        "operations",
        about=own("person_id"),
        aged="ended_at < $1",
    ),
    Table("preferences", "How people want to be reached.", "profile", about=own("person_id")),
    Table(
        "calendar_replies",
        "Answers that calendars sent, also those that came too late.",
        "participation",
        about=own("person_id"),
        aged=older("received_at"),
    ),
    Table("webhooks", "Systems that hear of programmes and sessions.", "reference", withheld=("secret", "old_secret")),
    Table(
        "webhook_deliveries",
        "What those systems were told, and whether it arrived.",
        "operations",
        aged="ended_at < $1",
    ),
    Table("timer_marks", "How far timers have come.", "operations"),
)
CATALOGUE = Catalogue(
    "sessions",
    (
        *REACHING,
        Table(
            "participants",
            "Who was asked to a session, came, for how long, and contributed in which way.",
            "participation",
            about=own("person_id"),
            aged=LONG_OVER,
        ),
        Table(
            "feedback_given",
            "That somebody has answered, so that nobody answers twice; what they said is elsewhere and unlinked.",
            "participation",
            about=own("person_id"),
            aged=LONG_OVER,
        ),
        Table(
            "sessions",
            "When groups meet, and who facilitates.",
            "participation",
            about=own("facilitator_id"),
            mentions=("facilitator_id",),
            aged="ends_at < $1 AND NOT EXISTS (SELECT FROM participants AS p WHERE p.session_id = sessions.session_id)"
            " AND NOT EXISTS (SELECT FROM feedback_given AS g WHERE g.session_id = sessions.session_id)",
        ),
        Table(
            "watches",
            "Who wants to know when a full session has a seat again.",
            "participation",
            about=own("person_id"),
            aged=LONG_OVER,
        ),
        Table("rooms", "Who sat with whom in which round.", "participation", about=own("person_id"), aged=LONG_OVER),
        Table(
            "recording_consents",
            "Who agreed to a recording, and who did not.",
            "participation",
            about=own("person_id"),
            aged=LONG_OVER,
        ),
        Table(
            "recordings",
            "Recordings that were asked for, and where they are.",
            "participation",
            about=own("asked_by"),
            mentions=("asked_by",),
        ),
        Table(
            "artefacts",
            "What a format requires in writing: a challenge, a lesson learned, a debrief.",
            "participation",
            about=own("written_by"),
            mentions=("written_by",),
            aged="written_at < $1",
        ),
        Table("checklists", "Which steps of its playbook a session has done.", "participation"),
        Table(
            "join_requests",
            "Who asked to join a group.",
            "participation",
            about=own("person_id"),
            aged=older("asked_at"),
        ),
        Table("availability", "Minutes a week that people set aside.", "profile", about=own("person_id")),
        Table(
            "busy_times",
            "Times at which people are not free, as they or their calendar say.",
            "profile",
            about=own("person_id"),
            aged=older("ends_at"),
        ),
        Table("formats", "An organization's own formats.", "reference"),
        Table("playbooks", "Later versions of playbooks.", "reference"),
        Table("group_members", "Who learns with whom.", "participation", about=own("person_id")),
        Table(
            "acknowledgements",
            "Who has read which version of a group's ground rules.",
            "participation",
            about=own("person_id"),
        ),
        Table(
            "groups",
            "Pairs and circles that meet, and their ground rules.",
            "participation",
            about=own("facilitator_id"),
            mentions=("facilitator_id", "founded_by"),
        ),
        Table("feedback_cells", "Answers that wait until there are enough of them.", "feedback", aged=older("month")),
        Table("feedback_batches", "Answers in batches of five and more.", "feedback", aged=older("released_on")),
        Table(
            "people",
            "Pseudonymous copies of what scheduling needs: place, hours, leave, skills.",
            "profile",
            about=own("person_id"),
            mentions=("manager_id",),
        ),
        Table("contacts", "Name, address and language, for invitations alone.", "identity", about=own("person_id")),
        Table(
            "calendar_feeds",
            "Digests of the secret in each person's calendar address.",
            "profile",
            about=own("person_id"),
            withheld=("token_hash",),
        ),
        Table("erased_people", "Ids that nobody may bring back.", "profile", remembers_erased=True),
        Table("programmes", "What is offered to whom, with sponsor and goals.", "reference", mentions=("sponsor_id",)),
        Table("skills", "Labels of skills.", "reference"),
    ),
)
