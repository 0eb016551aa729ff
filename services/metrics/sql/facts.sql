-- Facts: participation, sessions, feedback.

-- name: share_membership
SELECT pg_advisory_xact_lock_shared(7300010)

-- name: ensure_months
SELECT ensure_participations(month) FROM unnest($1::date[]) AS month ORDER BY month

-- name: apply_participations
-- A session moved to another month leaves the old month in the same statement.
WITH incoming AS (
    SELECT * FROM unnest(
        $1::uuid[], $2::uuid[], $3::date[], $4::timestamptz[], $5::int[], $6::uuid[], $7::text[], $8::text[], $9::text[],
        $10::int[], $11::int[]
    ) AS given (session_id, person_id, month, starts_at, version, programme_id, format, state, role, minutes, contributions)
    WHERE NOT EXISTS (SELECT FROM erased_people AS erased WHERE erased.person_id = given.person_id)
),
moved AS (
    DELETE FROM participations AS old USING incoming AS new
    WHERE old.session_id = new.session_id AND old.person_id = new.person_id
        AND old.month <> new.month AND old.version < new.version
),
applied AS (
    INSERT INTO participations AS kept (
        session_id, person_id, month, starts_at, version, programme_id, format, unit_path, state, role, minutes, contributions
    )
    SELECT session_id, person_id, month, starts_at, version, programme_id, format,
        unit_path_on(person_id, (starts_at AT TIME ZONE 'UTC')::date), state, role, minutes, contributions
    FROM incoming
    WHERE NOT EXISTS (
        SELECT FROM participations AS newer
        WHERE newer.session_id = incoming.session_id AND newer.person_id = incoming.person_id
            AND newer.month <> incoming.month AND newer.version >= incoming.version
    )
    ORDER BY session_id, person_id
    ON CONFLICT (session_id, person_id, month) DO UPDATE SET
        starts_at = excluded.starts_at, version = excluded.version, programme_id = excluded.programme_id,
        format = excluded.format, unit_path = excluded.unit_path, state = excluded.state, role = excluded.role,
        minutes = excluded.minutes, contributions = excluded.contributions
    WHERE kept.version < excluded.version
    RETURNING 1
)
SELECT count(*) FROM applied

-- name: apply_sessions
INSERT INTO sessions AS kept (
    session_id, version, state, programme_id, group_id, match_id, format, starts_at, facilitator_id
)
SELECT session_id, version, state, programme_id, group_id, match_id, format, starts_at,
    CASE WHEN NOT EXISTS (SELECT FROM erased_people AS erased WHERE erased.person_id = facilitator_id)
        THEN facilitator_id END
FROM jsonb_to_recordset($1) AS incoming (
    session_id uuid, version int, state text, programme_id uuid, group_id uuid, match_id uuid, format text,
    starts_at timestamptz, facilitator_id uuid
)
ORDER BY session_id
ON CONFLICT (session_id) DO UPDATE SET
    version = excluded.version, state = excluded.state, programme_id = excluded.programme_id,
    group_id = excluded.group_id, match_id = excluded.match_id, format = excluded.format,
    starts_at = excluded.starts_at, facilitator_id = excluded.facilitator_id
WHERE kept.version < excluded.version

-- name: apply_feedback
INSERT INTO feedback (batch_id, programme_id, format, division, month, answers, usefulness, relevance, engagement)
SELECT batch_id, programme_id, format, division, month, answers, usefulness, relevance, engagement
FROM jsonb_to_recordset($1) AS incoming (
    batch_id uuid, programme_id uuid, format text, division text, month date, answers int, usefulness int,
    relevance int, engagement int
)
ON CONFLICT DO NOTHING

-- name: apply_matches
INSERT INTO matches AS kept (
    match_id, version, kind, programme_id, member_ids, member_roles, outcome, outcome_version, first_seen_at
)
SELECT match_id, version, kind, programme_id,
    array(
        SELECT CASE WHEN NOT EXISTS (SELECT FROM erased_people AS erased WHERE erased.person_id = id) THEN id END
        FROM unnest(member_ids) WITH ORDINALITY AS member (id, place) ORDER BY place
    ),
    member_roles, outcome, CASE WHEN outcome IS NULL THEN 0 ELSE version END, first_seen_at
FROM jsonb_to_recordset($1) AS incoming (
    match_id uuid, version int, kind text, programme_id uuid, member_ids uuid[], member_roles text[], outcome text,
    first_seen_at timestamptz
)
ORDER BY match_id
ON CONFLICT (match_id) DO UPDATE SET
    version = greatest(kept.version, excluded.version),
    member_ids = CASE WHEN kept.version < excluded.version THEN excluded.member_ids ELSE kept.member_ids END,
    member_roles = CASE WHEN kept.version < excluded.version THEN excluded.member_roles ELSE kept.member_roles END,
    outcome = CASE WHEN kept.outcome_version < excluded.outcome_version THEN excluded.outcome ELSE kept.outcome END,
    outcome_version = greatest(kept.outcome_version, excluded.outcome_version),
    first_seen_at = least(kept.first_seen_at, excluded.first_seen_at)
WHERE kept.version < excluded.version OR kept.outcome_version < excluded.outcome_version
    OR excluded.first_seen_at < kept.first_seen_at

-- name: ensure_coming_months
SELECT count(*) FILTER (WHERE ensure_participations((date_trunc('month', current_date) + make_interval(months => ahead))::date))
FROM generate_series(0, 2) AS ahead
