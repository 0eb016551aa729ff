-- Facts: participation, sessions, feedback.

-- name: share_membership
SELECT pg_advisory_xact_lock_shared(7300010)

-- name: note_threshold
INSERT INTO set_threshold AS kept (k) VALUES ($1)
ON CONFLICT (one) DO UPDATE SET k = excluded.k WHERE kept.k <> excluded.k

-- name: open_months
-- Months take the k that is set when the first is known of them, and keep it.
INSERT INTO thresholds (month, k)
SELECT DISTINCT month, set.k FROM unnest($1::date[]) AS month CROSS JOIN set_threshold AS set
WHERE NOT EXISTS (SELECT FROM thresholds AS kept WHERE kept.month = month.month)
ORDER BY month
ON CONFLICT DO NOTHING

-- name: keep_thresholds
-- What opened in one month and ends in another is never told of fewer people than when it opened.
UPDATE thresholds AS kept SET k = opened.k
FROM (
    SELECT ended, max(k) AS k FROM unnest($1::date[], $2::date[]) AS survey (opened, ended)
    JOIN thresholds ON month = opened GROUP BY ended
) AS opened
WHERE kept.month = opened.ended AND kept.k < opened.k

-- name: closed_months
SELECT month FROM closed_months WHERE month = ANY ($1::date[])

-- name: close_months
SELECT close_months($1::date)

-- name: drop_sets
-- What was shown of months without facts can be subtracted from nothing: no fact of theirs ever counts again.
DELETE FROM released_sets AS told
WHERE people = 'facts'
    AND EXISTS (SELECT FROM closed_months WHERE month >= window_start AND month < window_end)
    AND NOT EXISTS (SELECT FROM participations WHERE month >= window_start AND month < window_end)

-- name: ensure_months
SELECT ensure_participations(month) FROM unnest($1::date[]) AS month ORDER BY month

-- name: place_sessions
-- Notes the months of sessions; returns those that have facts in another month, which `leave_old_months` must see to.
WITH given AS (SELECT DISTINCT session_id, month FROM unnest($1::uuid[], $2::date[]) AS fact (session_id, month)),
known AS (
    SELECT session_id, month, months FROM given LEFT JOIN session_months USING (session_id)
),
noted AS (
    INSERT INTO session_months AS kept (session_id, months)
    SELECT session_id, array_agg(month) FROM known
    WHERE months IS NULL OR NOT months @> ARRAY[month]
    GROUP BY session_id ORDER BY session_id
    ON CONFLICT (session_id) DO UPDATE SET months = kept.months || excluded.months
    RETURNING session_id, months
)
SELECT session_id FROM known WHERE cardinality(months) > 1 OR NOT months @> ARRAY[month]
UNION
SELECT session_id FROM noted WHERE cardinality(months) > 1

-- name: leave_old_months
-- A session moved to another month leaves the old one; returns the facts that are known better in another month.
WITH incoming AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::int[]) AS given (session_id, person_id, month, version)
),
moved AS (
    DELETE FROM participations AS old USING incoming AS new
    WHERE old.session_id = new.session_id AND old.person_id = new.person_id
        AND old.month <> new.month AND old.version < new.version
)
SELECT session_id, person_id FROM incoming
WHERE EXISTS (
    SELECT FROM participations AS newer
    WHERE newer.session_id = incoming.session_id AND newer.person_id = incoming.person_id
        AND newer.month <> incoming.month AND newer.version >= incoming.version
)

-- name: spans_edition
SELECT edition FROM spans_edition

-- name: spans_of
-- From when on these people belonged where, by their places, in the form COPY takes; a stranger belonged to nothing, and
-- who is forgotten has no unit.
SELECT array_agg(place::int) AS places, array_agg(day) AS days, array_agg(unit) AS units
FROM (
    SELECT place, coalesce(valid_from - '2000-01-01'::date, 0) AS day,
        CASE WHEN erased.person_id IS NULL THEN array_send(coalesce(unit_path, '{}')) END AS unit
    FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (person_id, place)
    LEFT JOIN spans AS span USING (person_id)
    LEFT JOIN erased_people AS erased USING (person_id)
    ORDER BY place, valid_from
) AS known

-- name: apply_participations
WITH incoming AS (
    SELECT given.*, erased.person_id IS NULL AS wanted
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::date[], $4::timestamptz[], $5::int[], $6::uuid[], $7::text[], $8::text[], $9::text[],
        $10::int[], $11::int[], $12::int[]
    ) AS given (
        session_id, person_id, month, starts_at, version, programme_id, format, state, role, minutes, contributions, taught
    )
    LEFT JOIN erased_people AS erased USING (person_id)
),
applied AS (
    INSERT INTO participations AS kept (
        session_id, person_id, month, starts_at, version, programme_id, format, unit_path, state, role, minutes,
        contributions, taught
    )
    SELECT session_id, incoming.person_id, month, starts_at, incoming.version, programme_id, format,
        -- As unit_on(), inside the plan: a function called for every row takes longer than all the rest.
        coalesce(
            (SELECT unit_path FROM spans AS span WHERE span.person_id = incoming.person_id
                AND valid_from <= (starts_at AT TIME ZONE 'UTC')::date ORDER BY valid_from DESC LIMIT 1),
            (SELECT unit_path FROM spans AS span WHERE span.person_id = incoming.person_id
             ORDER BY valid_from LIMIT 1),
            '{}'
        ), state, role, minutes, contributions, taught
    FROM incoming
    WHERE wanted
    ON CONFLICT (session_id, person_id, month) DO UPDATE SET
        starts_at = excluded.starts_at, version = excluded.version, programme_id = excluded.programme_id,
        format = excluded.format, unit_path = excluded.unit_path, state = excluded.state, role = excluded.role,
        minutes = excluded.minutes, contributions = excluded.contributions, taught = excluded.taught,
        changed_by = excluded.changed_by
    WHERE kept.version < excluded.version
    RETURNING 1
)
SELECT (SELECT count(*) FROM applied)::int AS applied,
    ARRAY(SELECT DISTINCT person_id FROM incoming WHERE NOT wanted) AS forgotten

-- name: apply_forgotten
-- Facts of people who were forgotten before these came: they count, under ids that are nobody's. Late facts of all who
-- are forgotten have the same few ids, one for each seat of a session, so that no single person counts as many. A fact
-- that follows another of its session's forgotten people takes its place: nobody knows any more whose that was.
WITH incoming AS (
    SELECT *, row_number() OVER (PARTITION BY session_id ORDER BY version DESC, person_id) AS place
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::date[], $4::timestamptz[], $5::int[], $6::uuid[], $7::text[], $8::text[], $9::text[],
        $10::int[], $11::int[], $12::int[]
    ) AS given (
        session_id, person_id, month, starts_at, version, programme_id, format, state, role, minutes, contributions, taught
    )
),
former AS (
    SELECT session_id, fact.person_id AS pseudonym, month AS former_month, version AS former_version,
        state IN ('registered', 'waitlisted') AS pending, row_number() OVER (
            PARTITION BY session_id ORDER BY state IN ('registered', 'waitlisted') DESC, version DESC, fact.person_id
        ) AS place
    FROM participations AS fact JOIN pseudonyms ON pseudonym = fact.person_id
    WHERE session_id = ANY ($1::uuid[])
),
pairs AS (
    SELECT * FROM incoming JOIN former USING (session_id, place)
    WHERE former_version < version AND (pending OR former_version = version - 1)
),
followed AS (
    UPDATE participations AS kept SET
        month = pairs.month, starts_at = pairs.starts_at, version = pairs.version, programme_id = pairs.programme_id,
        format = pairs.format, state = pairs.state, role = pairs.role, minutes = pairs.minutes,
        contributions = pairs.contributions, taught = pairs.taught, changed_by = pg_current_xact_id()
    FROM pairs
    WHERE kept.session_id = pairs.session_id AND kept.person_id = pairs.pseudonym AND kept.month = pairs.former_month
    RETURNING 1
),
seated AS (
    SELECT incoming.*, nobody(row_number() OVER (PARTITION BY session_id ORDER BY place) + taken) AS pseudonym
    FROM incoming, LATERAL (
        SELECT count(*) AS taken FROM participations AS kept
        WHERE kept.session_id = incoming.session_id AND kept.person_id < nobody(1000000)
    ) AS seats
    WHERE NOT EXISTS (SELECT FROM pairs WHERE (pairs.session_id, pairs.place) = (incoming.session_id, incoming.place))
),
noted AS (
    INSERT INTO pseudonyms (pseudonym) SELECT DISTINCT pseudonym FROM seated ORDER BY pseudonym ON CONFLICT DO NOTHING
),
added AS (
    INSERT INTO participations (
        session_id, person_id, month, starts_at, version, programme_id, format, unit_path, state, role, minutes,
        contributions, taught
    )
    SELECT session_id, pseudonym, month, starts_at, version, programme_id, format, '{}', state, role, minutes,
        contributions, taught
    FROM seated
    RETURNING 1
)
SELECT (SELECT count(*) FROM followed)::int + (SELECT count(*) FROM added)::int

-- name: apply_sessions
INSERT INTO sessions AS kept (
    session_id, version, state, programme_id, group_id, match_id, format, starts_at, ends_at, capacity, facilitator_id,
    skill_id, began_at, facilitator_above
)
SELECT session_id, version, state, programme_id, group_id, match_id, format, starts_at, ends_at, capacity,
    CASE WHEN NOT EXISTS (SELECT FROM erased_people AS erased WHERE erased.person_id = facilitator_id)
        THEN facilitator_id END, skill_id, began_at, facilitator_above
FROM jsonb_to_recordset($1) AS incoming (
    session_id uuid, version int, state text, programme_id uuid, group_id uuid, match_id uuid, format text,
    starts_at timestamptz, ends_at timestamptz, capacity int, facilitator_id uuid, skill_id text, began_at timestamptz,
    facilitator_above boolean
)
ORDER BY session_id
ON CONFLICT (session_id) DO UPDATE SET
    version = excluded.version, state = excluded.state, programme_id = excluded.programme_id,
    group_id = excluded.group_id, match_id = excluded.match_id, format = excluded.format,
    starts_at = excluded.starts_at, ends_at = excluded.ends_at, capacity = excluded.capacity,
    facilitator_id = excluded.facilitator_id, skill_id = excluded.skill_id, began_at = excluded.began_at,
    facilitator_above = excluded.facilitator_above
WHERE kept.version < excluded.version

-- name: apply_feedback
INSERT INTO feedback (
    batch_id, programme_id, format, division, month, answers, usefulness, relevance, engagement, usefulness_at,
    relevance_at, engagement_at
)
SELECT batch_id, programme_id, format, division, month, answers, usefulness, relevance, engagement, usefulness_at,
    relevance_at, engagement_at
FROM jsonb_to_recordset($1) AS incoming (
    batch_id uuid, programme_id uuid, format text, division text, month date, answers int, usefulness int,
    relevance int, engagement int, usefulness_at int[], relevance_at int[], engagement_at int[]
)
ON CONFLICT DO NOTHING

-- name: apply_matches
INSERT INTO matches AS kept (
    match_id, version, kind, programme_id, member_ids, member_roles, outcome, outcome_version, first_seen_at,
    accepted_at
)
SELECT match_id, version, kind, programme_id,
    array(
        SELECT CASE WHEN NOT EXISTS (SELECT FROM erased_people AS erased WHERE erased.person_id = id) THEN id END
        FROM unnest(member_ids) WITH ORDINALITY AS member (id, place) ORDER BY place
    ),
    member_roles, outcome, CASE WHEN outcome IS NULL THEN 0 ELSE version END, first_seen_at, accepted_at
FROM jsonb_to_recordset($1) AS incoming (
    match_id uuid, version int, kind text, programme_id uuid, member_ids uuid[], member_roles text[], outcome text,
    first_seen_at timestamptz, accepted_at timestamptz
)
ORDER BY match_id
ON CONFLICT (match_id) DO UPDATE SET
    version = greatest(kept.version, excluded.version),
    member_ids = CASE WHEN kept.version < excluded.version THEN excluded.member_ids ELSE kept.member_ids END,
    member_roles = CASE WHEN kept.version < excluded.version THEN excluded.member_roles ELSE kept.member_roles END,
    outcome = CASE WHEN kept.outcome_version < excluded.outcome_version THEN excluded.outcome ELSE kept.outcome END,
    outcome_version = greatest(kept.outcome_version, excluded.outcome_version),
    first_seen_at = least(kept.first_seen_at, excluded.first_seen_at),
    accepted_at = coalesce(least(kept.accepted_at, excluded.accepted_at), kept.accepted_at, excluded.accepted_at)
WHERE kept.version < excluded.version OR kept.outcome_version < excluded.outcome_version
    OR excluded.first_seen_at < kept.first_seen_at

-- name: ensure_coming_months
SELECT count(*) FILTER (WHERE ensure_participations((date_trunc('month', current_date) + make_interval(months => ahead))::date))
FROM generate_series(0, 2) AS ahead

-- name: fold_months
SELECT fold_months()

-- name: apply_check_ins
INSERT INTO check_ins (
    batch_id, programme_id, format, division, month, day, answers, applied, depth, first_use_days, barriers, saving,
    minutes_saved, least_saved, most_saved
)
SELECT batch_id, programme_id, format, division, month, day, answers, applied, depth, first_use_days, barriers, saving,
    minutes_saved, least_saved, most_saved
FROM jsonb_to_recordset($1) AS incoming (
    batch_id uuid, programme_id uuid, format text, division text, month date, day int, answers int, applied int,
    depth int, first_use_days int[], barriers jsonb, saving int, minutes_saved int, least_saved int, most_saved int
)
ON CONFLICT DO NOTHING

-- name: apply_pulses
INSERT INTO pulses (batch_id, programme_id, division, theme, month, means)
SELECT batch_id, programme_id, division, theme, month, means
FROM jsonb_to_recordset($1) AS incoming (
    batch_id uuid, programme_id uuid, division text, theme text, month date, means float8[]
)
ON CONFLICT DO NOTHING

-- name: apply_surveys
INSERT INTO surveys (survey_id, arm, part, programme_id, month, asked, before, after, means_before, means_after)
SELECT survey_id, arm, part, programme_id, month, asked, before, after, means_before, means_after
FROM jsonb_to_recordset($1) AS incoming (
    survey_id uuid, arm text, part int, programme_id uuid, month date, asked int, before int, after int, means_before float8[],
    means_after float8[]
)
ON CONFLICT DO NOTHING

-- name: apply_responses
INSERT INTO responses AS kept (programme_id, kind, month, version, asked, answered)
SELECT programme_id, kind, month, version, asked, answered
FROM jsonb_to_recordset($1) AS incoming (
    programme_id uuid, kind text, month date, version int, asked int, answered int
)
ORDER BY programme_id, kind, month
ON CONFLICT (programme_id, kind, month) DO UPDATE SET
    version = excluded.version, asked = excluded.asked, answered = excluded.answered
WHERE kept.version < excluded.version

-- name: apply_rounds
INSERT INTO rounds (round_id, programme_id, month, asked, unmatched)
SELECT round_id, programme_id, month, asked, unmatched
FROM jsonb_to_recordset($1) AS incoming (round_id uuid, programme_id uuid, month date, asked int, unmatched int)
ON CONFLICT DO NOTHING

-- name: from_another_server
SELECT EXISTS (SELECT FROM folded WHERE pg_snapshot_xmax(seen) > pg_snapshot_xmax(pg_current_snapshot()))
