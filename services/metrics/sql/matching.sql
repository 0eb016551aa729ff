-- One query per family, parameters and rows as in measures.sql: matches, rounds and who facilitates.

-- name: matching
WITH proposed AS (
    SELECT match_id, outcome, matches.programme_id, format, month_of(first_seen_at) AS month, member.person_id,
        CASE WHEN $1::text = 'unit' OR $5::text IS NOT NULL
            THEN unit_on(member.person_id, (first_seen_at AT TIME ZONE 'UTC')::date) END AS unit_path
    FROM matches LEFT JOIN programmes USING (programme_id)
    CROSS JOIN LATERAL unnest(member_ids) AS member (person_id)
    WHERE outcome IS NOT NULL AND $7::text = 'acceptance_rate'
        AND first_seen_at >= $2::date::timestamp AT TIME ZONE 'UTC'
        AND first_seen_at < $3::date::timestamp AT TIME ZONE 'UTC'
        AND ($4::uuid IS NULL OR matches.programme_id = $4) AND ($6::text IS NULL OR format = $6)
)
SELECT cell_of($1::text, unit_path, $5::text, programme_id, format, month) AS cell,
    count(DISTINCT person_id) AS persons, count(DISTINCT person_id) AS n,
    (count(DISTINCT match_id) FILTER (WHERE outcome = 'accepted'))::float8 AS numerator,
    count(DISTINCT match_id) AS denominator
FROM proposed
WHERE $5::text IS NULL OR $5 = ANY (unit_path)
GROUP BY 1

-- name: pairs
WITH asked AS (
    SELECT match_id, matches.programme_id, format, first_seen_at, coalesce(accepted_at, first_seen_at) AS agreed_at,
        kind = 'circle' OR outcome = 'accepted' AS agreed, accepted_at, member_ids, member.person_id,
        CASE WHEN $1::text = 'unit' OR $5::text IS NOT NULL
            THEN unit_on(member.person_id, (first_seen_at AT TIME ZONE 'UTC')::date) END AS unit_path
    FROM matches LEFT JOIN programmes USING (programme_id)
    CROSS JOIN LATERAL unnest(member_ids) AS member (person_id)
    WHERE first_seen_at >= $2::date::timestamp AT TIME ZONE 'UTC'
        AND first_seen_at < $3::date::timestamp AT TIME ZONE 'UTC'
        AND ($4::uuid IS NULL OR matches.programme_id = $4) AND ($6::text IS NULL OR format = $6)
        AND CASE WHEN $7::text = 'repeat_pairs' THEN cardinality(member_ids) = 2
            ELSE kind = 'circle' OR outcome = 'accepted' END
        AND ($7::text NOT LIKE 'days%' OR accepted_at IS NOT NULL)
),
cells AS (
    SELECT DISTINCT cell_of($1::text, unit_path, $5::text, programme_id, format, month_of(first_seen_at)) AS cell, match_id
    FROM asked WHERE $5::text IS NULL OR $5 = ANY (unit_path)
),
figures AS (
    SELECT match_id, member_ids,
        extract(epoch FROM min(accepted_at) - min(first_seen_at)) / 86400.0 AS days,
        (SELECT count(*) FROM sessions WHERE sessions.match_id = asked.match_id AND state = 'held') AS held,
        EXISTS (
            SELECT FROM sessions WHERE sessions.match_id = asked.match_id AND state = 'held'
                AND starts_at <= min(agreed_at) + interval '14 days'
        ) AS soon,
        $7::text = 'repeat_pairs' AND EXISTS (
            SELECT FROM matches AS earlier
            WHERE earlier.match_id <> asked.match_id AND earlier.member_ids @> asked.member_ids
                AND (earlier.kind = 'circle' OR earlier.outcome = 'accepted')
                AND earlier.first_seen_at < min(asked.first_seen_at)
                AND earlier.first_seen_at > min(asked.first_seen_at) - interval '180 days'
        ) AS again
    FROM asked GROUP BY match_id, member_ids
),
people AS (
    SELECT cell, count(DISTINCT member) AS persons
    FROM cells JOIN figures USING (match_id) CROSS JOIN LATERAL unnest(member_ids) AS member GROUP BY cell
)
SELECT cell, persons, persons AS n,
    CASE $7::text
        WHEN 'days_to_answer_p50' THEN percentile_disc(0.5) WITHIN GROUP (ORDER BY days) * count(*)
        WHEN 'days_to_answer_p90' THEN percentile_disc(0.9) WITHIN GROUP (ORDER BY days) * count(*)
        WHEN 'met_in_14_days' THEN count(*) FILTER (WHERE soon)
        WHEN 'survival' THEN count(*) FILTER (WHERE held >= 3)
        ELSE count(*) FILTER (WHERE again)
    END::float8 AS numerator,
    count(*) AS denominator
FROM cells JOIN figures USING (match_id) JOIN people USING (cell)
GROUP BY cell, persons

-- name: rounds
-- How many people two rounds share nobody knows, so the largest one counts.
SELECT cell_of($1::text, NULL, NULL, rounds.programme_id, format, month) AS cell, max(asked)::bigint AS persons,
    sum(asked)::bigint AS n, sum(unmatched)::float8 AS numerator, sum(asked)::bigint AS denominator
FROM rounds LEFT JOIN programmes USING (programme_id)
WHERE month >= $2::date AND month < $3::date AND $1::text <> 'unit' AND $5::text IS NULL AND $7::text = 'unmatched_rate'
    AND ($4::uuid IS NULL OR rounds.programme_id = $4) AND ($6::text IS NULL OR format = $6)
GROUP BY 1

-- name: hosting
-- One row per facilitator; their session hours, preparation apart.
SELECT cell_of($1::text, NULL, NULL, programme_id, format, month_of(starts_at)) AS cell, facilitator_id,
    (sum(extract(epoch FROM ends_at - starts_at)) / 3600.0)::float8 AS hours
FROM sessions
WHERE state = 'held' AND facilitator_id IS NOT NULL AND ends_at IS NOT NULL AND $1::text <> 'unit' AND $5::text IS NULL
    AND $7::text LIKE 'hosting%'
    AND starts_at >= $2::date::timestamp AT TIME ZONE 'UTC' AND starts_at < $3::date::timestamp AT TIME ZONE 'UTC'
    AND ($4::uuid IS NULL OR programme_id = $4) AND ($6::text IS NULL OR format = $6)
GROUP BY 1, 2
