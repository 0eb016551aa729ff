-- name: insert_request
INSERT INTO help_requests (
    request_id, requester_id, skill_id, level, question, circle, state, created_at, next_step_at, expires_at, engine
) VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $9, $10)

-- name: knows_skill
SELECT EXISTS (SELECT FROM skills WHERE skill_id = $1)

-- name: lock_person
SELECT status, opted_in, paused_until, unit_code, unit_path FROM people WHERE person_id = $1 FOR UPDATE

-- name: count_open
SELECT count(*) FROM help_requests WHERE requester_id = $1 AND state = 'open'

-- name: lock_requests
SELECT * FROM help_requests WHERE request_id = ANY ($1::uuid[]) ORDER BY request_id FOR UPDATE

-- name: lock_due
SELECT * FROM help_requests WHERE state = 'open' AND next_step_at <= now()
ORDER BY next_step_at LIMIT $1 FOR UPDATE SKIP LOCKED

-- name: asks_of
SELECT request_id, person_id, state, over_version, over_circle, over_first_offer_at FROM help_asks
WHERE request_id = ANY ($1::uuid[]) ORDER BY request_id, asked_at, person_id

-- name: save_requests
UPDATE help_requests AS request SET
    version = request.version + 1, circle = given.circle, state = given.state, helper_id = given.helper_id,
    next_step_at = given.next_step_at, first_offer_at = given.first_offer_at,
    closed_at = CASE WHEN given.state = 'open' THEN NULL ELSE coalesce(request.closed_at, now()) END
FROM jsonb_to_recordset($1::jsonb) AS given (
    request_id uuid, circle text, state text, helper_id uuid, next_step_at timestamptz, first_offer_at timestamptz
)
WHERE request.request_id = given.request_id

-- name: save_asks
INSERT INTO help_asks (request_id, person_id, state)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[])
ON CONFLICT (request_id, person_id) DO UPDATE SET state = excluded.state, answered_at = now()
WHERE help_asks.state <> excluded.state

-- name: helpers
-- Who offers a skill above a level in a circle around the asker, speaks with them, is kept from them by nothing said
-- and has not been asked yet. A unit is read whole; beyond it at most so many who offer the skill, from a place of their
-- lots on that each step draws anew.
WITH asker AS (
    SELECT *, hashtextextended($5::uuid::text || $7::text, 0) AS lot FROM people WHERE person_id = $1
)
(SELECT person.person_id FROM asker JOIN people AS person USING (unit_code)
 WHERE $4::text = 'unit' AND person.person_id <> $1
    AND (person.paused_until IS NULL OR person.paused_until <= $3)
    AND EXISTS (
        SELECT FROM skill_offers AS offer WHERE offer.person_id = person.person_id
            AND offer.skill_id = $2 AND offer.language = ANY (asker.languages) AND offer.level > $6
    )
    AND NOT person.not_with @> ARRAY[asker.person_id] AND NOT asker.not_with @> ARRAY[person.person_id]
    AND NOT EXISTS (SELECT FROM help_asks WHERE request_id = $5 AND person_id = person.person_id)
 LIMIT 500)
UNION ALL
(SELECT person_id FROM (
    SELECT DISTINCT near.* FROM asker CROSS JOIN unnest(asker.languages) AS spoken (language)
    CROSS JOIN LATERAL (
        (SELECT false AS again, offer.lot, person.person_id FROM (
            SELECT person_id, lot FROM skill_offers
            WHERE skill_id = $2 AND language = spoken.language AND level > $6 AND lot >= asker.lot
            ORDER BY lot LIMIT 1000
        ) AS offer JOIN people AS person USING (person_id)
        WHERE ($4 <> 'division' OR person.unit_path[1:2] = asker.unit_path[1:2]) AND person.person_id <> $1
            AND (person.paused_until IS NULL OR person.paused_until <= $3)
            AND NOT person.not_with @> ARRAY[asker.person_id] AND NOT asker.not_with @> ARRAY[person.person_id]
            AND NOT EXISTS (SELECT FROM help_asks WHERE request_id = $5 AND person_id = person.person_id)
        ORDER BY offer.lot LIMIT 500)
        UNION ALL
        (SELECT true AS again, offer.lot, person.person_id FROM (
            SELECT person_id, lot FROM skill_offers
            WHERE skill_id = $2 AND language = spoken.language AND level > $6 AND lot < asker.lot
            ORDER BY lot LIMIT 1000
        ) AS offer JOIN people AS person USING (person_id)
        WHERE ($4 <> 'division' OR person.unit_path[1:2] = asker.unit_path[1:2]) AND person.person_id <> $1
            AND (person.paused_until IS NULL OR person.paused_until <= $3)
            AND NOT person.not_with @> ARRAY[asker.person_id] AND NOT asker.not_with @> ARRAY[person.person_id]
            AND NOT EXISTS (SELECT FROM help_asks WHERE request_id = $5 AND person_id = person.person_id)
        ORDER BY offer.lot LIMIT 500)
    ) AS near
    WHERE $4 <> 'unit'
 ) AS drawn ORDER BY again, lot, person_id LIMIT 500)

-- name: kept_apart
-- Who of these people and one person wish, either of them, not to meet.
SELECT other.person_id FROM people AS one JOIN people AS other ON other.person_id = ANY ($2::uuid[])
WHERE one.person_id = $1
    AND (one.not_with @> ARRAY[other.person_id] OR other.not_with @> ARRAY[one.person_id])

-- name: busy_helping
-- How often these people were asked in the last week.
SELECT person_id, count(*) AS asks FROM help_asks
WHERE person_id = ANY ($1::uuid[]) AND asked_at > now() - interval '7 days' GROUP BY person_id

-- name: parted_by
-- Open requests of or to somebody whom these people wish not to meet, and who was asked there.
SELECT request.request_id, ask.person_id
FROM people AS mine CROSS JOIN unnest(mine.not_with) AS other
JOIN help_requests AS request ON request.requester_id = mine.person_id AND request.state = 'open'
JOIN help_asks AS ask ON ask.request_id = request.request_id AND ask.person_id = other
WHERE mine.person_id = ANY ($1::uuid[]) AND ask.over_version IS NULL
UNION
SELECT request.request_id, ask.person_id
FROM people AS mine CROSS JOIN unnest(mine.not_with) AS other
JOIN help_requests AS request ON request.requester_id = other AND request.state = 'open'
JOIN help_asks AS ask ON ask.request_id = request.request_id AND ask.person_id = mine.person_id
WHERE mine.person_id = ANY ($1::uuid[]) AND ask.over_version IS NULL

-- name: end_for
-- What these people see of a request from now on: as if it were withdrawn at this moment.
UPDATE help_asks AS ask SET over_version = request.version + 1, over_circle = request.circle,
    over_first_offer_at = request.first_offer_at
FROM unnest($1::uuid[], $2::uuid[]) AS given (request_id, person_id) JOIN help_requests AS request USING (request_id)
WHERE ask.request_id = given.request_id AND ask.person_id = given.person_id

-- name: touched_by
-- Open requests of these people, or which they were asked about.
SELECT request_id FROM help_requests WHERE requester_id = ANY ($1::uuid[]) AND state = 'open'
UNION
SELECT request_id FROM help_asks JOIN help_requests USING (request_id)
WHERE person_id = ANY ($1::uuid[]) AND help_requests.state = 'open' AND help_asks.state IN ('asked', 'offered')

-- name: get_requests
SELECT * FROM help_requests WHERE request_id = ANY ($1::uuid[]) ORDER BY request_id DESC

-- name: list_mine
SELECT * FROM help_requests
WHERE requester_id = $1 AND ($2::text IS NULL OR state = $2) AND ($3::uuid IS NULL OR request_id < $3)
ORDER BY request_id DESC LIMIT $4

-- name: list_asked
-- By the state that is shown, which is not that of a request from whose asker somebody is kept.
SELECT request.* FROM help_asks AS ask JOIN help_requests AS request USING (request_id)
WHERE ask.person_id = $1
    AND ($2::text IS NULL OR $2 = CASE
        WHEN ask.over_version IS NOT NULL OR request.state = 'open' AND EXISTS (
            SELECT FROM people AS person JOIN people AS asker ON asker.person_id = request.requester_id
            WHERE person.person_id = $1
                AND (person.not_with @> ARRAY[asker.person_id] OR asker.not_with @> ARRAY[person.person_id])
        ) THEN 'withdrawn'
        ELSE request.state
    END)
    AND ($3::uuid IS NULL OR ask.request_id < $3)
ORDER BY ask.request_id DESC LIMIT $4

-- name: list_board
-- What anybody may offer to help with whom the rules of asking allow: ahead in the skill, with a language in common, at
-- work and not pausing, in no direct line, kept from the asker by nothing said. One request where $5 names it.
SELECT request.* FROM help_requests AS request
JOIN people AS person ON person.person_id = $1
JOIN people AS asker ON asker.person_id = request.requester_id
WHERE request.state = 'open' AND request.circle = 'everybody' AND request.expires_at > now()
    AND request.skill_id = ANY (person.offered_skills) AND request.requester_id <> $1
    AND ($2::text IS NULL OR request.state = $2) AND ($3::uuid IS NULL OR request.request_id < $3)
    AND ($5::uuid IS NULL OR request.request_id = $5)
    AND person.status = 'active' AND person.opted_in
    AND (person.paused_until IS NULL OR person.paused_until <= (now() AT TIME ZONE 'UTC')::date)
    AND EXISTS (
        SELECT FROM skill_offers AS offer WHERE offer.person_id = $1 AND offer.skill_id = request.skill_id
            AND offer.language = ANY (asker.languages) AND offer.level > request.level
    )
    AND person.manager_id IS DISTINCT FROM asker.person_id AND asker.manager_id IS DISTINCT FROM $1
    AND NOT person.not_with @> ARRAY[asker.person_id] AND NOT asker.not_with @> ARRAY[person.person_id]
    AND NOT EXISTS (SELECT FROM help_asks AS ask WHERE ask.request_id = request.request_id AND ask.person_id = $1)
ORDER BY request.request_id DESC LIMIT $4

-- name: figures
-- Of whole weeks; of each figure how many requests and how many people asked them.
SELECT count(*) AS requests, count(first_offer_at) AS offered, count(*) FILTER (WHERE state = 'accepted') AS accepted,
    count(*) FILTER (WHERE state = 'expired') AS expired, count(*) FILTER (WHERE state = 'open') AS open,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM first_offer_at - created_at)) AS seconds_p50,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM first_offer_at - created_at)) AS seconds_p90,
    count(DISTINCT requester_id) AS requests_people,
    count(DISTINCT requester_id) FILTER (WHERE first_offer_at IS NOT NULL) AS offered_people,
    count(DISTINCT requester_id) FILTER (WHERE first_offer_at IS NULL) AS unoffered_people,
    count(DISTINCT requester_id) FILTER (WHERE state = 'accepted') AS accepted_people,
    count(DISTINCT requester_id) FILTER (WHERE state = 'expired') AS expired_people,
    count(DISTINCT requester_id) FILTER (WHERE state = 'open') AS open_people
FROM help_requests
WHERE created_at >= date_trunc('week', now(), 'UTC') - make_interval(days => $1)
    AND created_at < date_trunc('week', now(), 'UTC') AND ($2::text IS NULL OR skill_id = $2)
