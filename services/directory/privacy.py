"""What the directory holds of people, why, and for how long."""

from shared.privacy.catalogue import Catalogue, Table, older, own

CATALOGUE = Catalogue(
    "directory",
    (
        Table(
            "people",
            "Who works here, where, for whom; what they offer, want and allow. Others get it without name and address.",
            "identity",
            about=own("person_id"),
            mentions=("manager_id", "not_with"),
        ),
        Table(
            "worker_records",
            "What HR has said of a worker, by the day from which it holds.",
            "identity",
            about="employee_number = (SELECT employee_number FROM people WHERE person_id = $1)",
        ),
        Table(
            "skill_evidence",
            "Which level of a skill a person, a peer, a manager or an assessment says they have.",
            "profile",
            about=own("person_id"),
            mentions=("stated_by",),
            withheld=("stated_by",),
        ),
        Table(
            "attendances",
            "Who was in a session with whom: they may endorse each other; counted for one's own contribution profile.",
            "participation",
            about=own("person_id"),
            aged=older("held_on"),
        ),
        Table("completions", "Trainings on the way to facilitating.", "profile", about=own("person_id")),
        Table("checklist", "What makes a facilitator ready.", "reference"),
        Table("checklist_version", "Its version.", "reference"),
        Table("job_profiles", "Which levels of which skills a job asks for.", "reference"),
        Table("holds", "Days on which more people were to leave than one lets go unasked.", "reference"),
        Table("departures", "How many left when; nobody is named.", "operations", aged=older("at")),
        Table("units", "The organization's units and their tree.", "reference"),
        Table("skills", "The taxonomy of skills.", "reference"),
        Table("skill_labels", "What skills are called, in several languages.", "reference"),
        Table("skill_broader", "Which skill is part of which.", "reference"),
        Table("skill_terms", "What is typed to find a skill.", "reference"),
        Table("skill_import_lines", "Lines of an import and what became of them.", "reference"),
        Table("skill_imports", "Imports of a taxonomy.", "reference"),
        Table(
            "erased_workers",
            "Digests of employee numbers that nobody may bring back.",
            "identity",
            remembers_erased=True,
        ),
        Table(
            "erasures",
            "Who asked to be forgotten.",
            "audit",
            about=own("person_id"),
            remembers_erased=True,
        ),
        Table("erasure_receipts", "Which services have forgotten them, and how many rows that touched.", "audit"),
        Table(
            "exports",
            "Requests for a copy of one's data, with the key that opens it until it expires.",
            "operations",
            about=own("person_id"),
            withheld=("private_key",),
        ),
        Table("export_parts", "The encrypted answers of the services, until the request expires.", "operations"),
    ),
)
