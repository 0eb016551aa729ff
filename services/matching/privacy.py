"""What matching holds of people, why, and for how long."""

from shared.privacy.catalogue import Catalogue, Table, older, own

OVER = "state NOT IN ('proposed', 'accepted', 'formed') AND created_at < $1"

CATALOGUE = Catalogue(
    "matching",
    (
        Table(
            "match_members",
            "Who was proposed to whom, in which role, and what they answered.",
            "matching",
            about=own("person_id"),
            aged="match_id IN (SELECT match_id FROM matches WHERE " + OVER + ")",
        ),
        Table(
            "matches",
            "Pairs, circles and buddies, with score and reasons.",
            "matching",
            aged=OVER + " AND NOT EXISTS (SELECT FROM match_members AS m WHERE m.match_id = matches.match_id)",
        ),
        Table(
            "unmatched",
            "Who a round could not match, and why.",
            "matching",
            about=own("person_id"),
            withheld=("remaining", "opens", "change", "would_help"),
            aged="round_id IN (SELECT round_id FROM rounds WHERE created_at < $1)",
        ),
        Table(
            "left_alone",
            "Who has nobody though no round left them out, as a hire without a buddy, and why.",
            "matching",
            about=own("person_id"),
            aged=older("created_at"),
        ),
        Table(
            "round_people",
            "Everybody as a round saw them, so that it can be computed again; others in a row are numbers.",
            "matching",
            about=own("person_id"),
            aged="round_id IN (SELECT round_id FROM rounds WHERE created_at < $1)",
        ),
        Table(
            "shards",
            "Parts of large rounds while they are solved, people by their place in the round.",
            "matching",
            aged="round_id IN (SELECT round_id FROM rounds WHERE created_at < $1)",
        ),
        Table(
            "rounds",
            "Runs of matching with their figures; who is asked is named only until a large one is read.",
            "aggregate",
            mentions=("asks",),
            withheld=("asks",),
            aged="created_at < $1 AND NOT EXISTS (SELECT FROM matches AS m WHERE m.round_id = rounds.round_id)"
            " AND NOT EXISTS (SELECT FROM unmatched AS u WHERE u.round_id = rounds.round_id)"
            " AND NOT EXISTS (SELECT FROM round_people AS p WHERE p.round_id = rounds.round_id)"
            " AND NOT EXISTS (SELECT FROM shards AS s WHERE s.round_id = rounds.round_id)",
        ),
        Table(
            "help_asks",
            "Who was asked to help, and what they answered.",
            "matching",
            about=own("person_id"),
            withheld=("over_version", "over_circle", "over_first_offer_at"),
            aged="request_id IN (SELECT request_id FROM help_requests WHERE created_at < $1)",
        ),
        Table(
            "help_requests",
            "Who asked for help with which skill, in their words, and who helped.",
            "matching",
            about=own("requester_id"),
            mentions=("helper_id",),
            withheld=("helper_id",),
            aged=older("created_at")
            + " AND NOT EXISTS (SELECT FROM help_asks AS a WHERE a.request_id = help_requests.request_id)",
        ),
        Table(
            "introductions",
            "Whom newcomers were advised to meet, and whether they have.",
            "matching",
            about=own("newcomer_id"),
            mentions=("person_id",),
            withheld=("person_id",),
            aged=older("created_at"),
        ),
        Table(
            "people",
            "Pseudonymous copies of what matching needs: place, hours, offers, needs and limits.",
            "profile",
            about=own("person_id"),
            mentions=("manager_id", "not_with"),
        ),
        Table(
            "skill_offers",
            "What people offer, once more, in an order by lot, packed with what they are scored by.",
            "profile",
            about=own("person_id"),
        ),
        Table("erased_people", "Ids that nobody may bring back.", "profile", remembers_erased=True),
        Table(
            "knowledge_risks",
            "Skills few hold, the first day one of them leaves, and what is proposed; nobody is named.",
            "reference",
        ),
        Table(
            "well_received",
            "How useful it was to learn from somebody more or less alike: sums over ten people and more.",
            "aggregate",
        ),
        Table("skills", "Labels of skills.", "reference"),
        Table("programmes", "Programmes that ask for matches.", "reference"),
        Table("rules", "Weights and limits of each programme, by version.", "reference"),
    ),
)
