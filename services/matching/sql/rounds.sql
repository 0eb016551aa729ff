-- name: deciding
-- One decision about who is free at a time: a round never offers somebody who is leaving in another transaction.
SELECT pg_advisory_xact_lock(7300102)

-- name: plan_anew
-- Tables grow by a round's rows while it is made: plans of when they were small would read all of them for each page.
SET LOCAL plan_cache_mode = force_custom_plan

-- name: plan_once
-- As usual: what is written refers to other rows, and each reference is a statement that would be planned anew.
SET LOCAL plan_cache_mode = auto

-- name: count_anew
-- A large round is many rows at once, and those who read it do so before anybody else would have counted them.
ANALYZE matches, match_members, unmatched, round_people

-- name: one_round
-- Rounds of a programme one after another: the next asks nobody whom this one has matched. False while one goes on.
SELECT pg_try_advisory_xact_lock(7300103, hashtext($1::uuid::text))

-- name: programme
SELECT programme.*, rules.version AS rules_version, rules.rules, rules.one_site,
    monthly_minutes(programme, 'learner') AS learning_minutes, monthly_minutes(programme, 'teacher') AS leading_minutes,
    heard_of(ARRAY[programme.format]) AS heard
FROM programmes AS programme
CROSS JOIN LATERAL (
    SELECT version, rules, one_site FROM rules
    WHERE rules.programme_id = programme.programme_id ORDER BY version DESC LIMIT 1
) AS rules
WHERE programme.programme_id = $1

-- name: programmes_open_to
-- Published programmes of these formats ($2) whose audience somebody is of and that give them no match now; one of
-- buddies, while they are new and have none.
SELECT programme.*, rules.version AS rules_version, rules.rules, rules.one_site,
    monthly_minutes(programme, 'learner') AS learning_minutes, monthly_minutes(programme, 'teacher') AS leading_minutes,
    heard_of(ARRAY[programme.format]) AS heard
FROM people AS person
JOIN programmes AS programme ON programme.status = 'published' AND programme.format = ANY ($2::text[])
    AND in_audience(person, programme)
CROSS JOIN LATERAL (
    SELECT version, rules, one_site FROM rules
    WHERE rules.programme_id = programme.programme_id ORDER BY version DESC LIMIT 1
) AS rules
WHERE person.person_id = $1
    AND (programme.format <> 'onboarding_buddy' OR person.hired_on BETWEEN $3::date - 30 AND $3::date + 30)
    AND NOT EXISTS (
        SELECT FROM match_members AS member JOIN matches AS match USING (match_id)
        WHERE member.person_id = $1 AND match.state IN ('proposed', 'accepted', 'formed')
            AND CASE WHEN programme.format = 'onboarding_buddy' THEN member.role = 'newcomer'
                ELSE match.programme_id = programme.programme_id AND member.role NOT IN ('teacher', 'buddy') END
    )
ORDER BY programme.programme_id

-- name: published_programmes
SELECT programme_id FROM programmes WHERE status = 'published' AND format = $1 ORDER BY programme_id

-- name: population
-- Everybody, with what their open matches take from them. `minutes` is what those cost a month, `waited` the rounds
-- that had nobody for them since one had.
SELECT person.*, coalesce(busy.learners, 0) AS learners, coalesce(busy.facilitating, 0) AS facilitating,
    coalesce(busy.minutes, 0) AS minutes, coalesce(waiting.rounds, 0) AS waited, coalesce(led.circles, 0) AS hosted
FROM profiles AS person
LEFT JOIN (
    SELECT member.person_id,
        count(*) FILTER (WHERE member.role IN ('teacher', 'buddy')) AS learners,
        count(*) FILTER (WHERE member.role = 'facilitator') AS facilitating,
        sum(monthly_minutes(programme, member.role)) AS minutes
    FROM matches AS match
    JOIN match_members AS member USING (match_id)
    JOIN programmes AS programme USING (programme_id)
    WHERE match.state IN ('proposed', 'accepted', 'formed')
    GROUP BY member.person_id
) AS busy USING (person_id)
LEFT JOIN (
    SELECT unmatched.person_id, count(*) AS rounds
    FROM unmatched JOIN rounds USING (round_id)
    LEFT JOIN (
        SELECT member.person_id, max(match.created_at) AS at
        FROM matches AS match JOIN match_members AS member USING (match_id)
        WHERE match.programme_id = $1 AND is_served(match.match_id, match.state, member.role)
        GROUP BY member.person_id
    ) AS served USING (person_id)
    WHERE rounds.programme_id = $1 AND rounds.published AND unmatched.reason <> 'no_time'
        AND (served.at IS NULL OR rounds.created_at > served.at)
    GROUP BY unmatched.person_id
) AS waiting USING (person_id)
LEFT JOIN (
    SELECT member.person_id, count(*) AS circles
    FROM matches AS match JOIN match_members AS member USING (match_id)
    WHERE match.kind = 'circle' AND match.state <> 'preview' AND member.role = 'facilitator'
        AND match.created_at >= date_trunc('month', now(), 'UTC')
    GROUP BY member.person_id
) AS led USING (person_id)

-- name: ids
SELECT string_agg(uuid_send(person_id), ''::bytea ORDER BY person_id) FROM people

-- name: population_of
-- The same of some, by their own rows alone. Each is looked up by its key (OFFSET 0 keeps it so): while a round is told
-- the planner still takes open matches for few, and would read all of them for everybody.
WITH mine AS MATERIALIZED (
    SELECT member.person_id, member.role, match.match_id, match.programme_id, match.kind, match.state, match.created_at
    FROM unnest($2::uuid[]) AS wanted (person_id)
    CROSS JOIN LATERAL (SELECT * FROM match_members WHERE match_members.person_id = wanted.person_id OFFSET 0) AS member
    CROSS JOIN LATERAL (SELECT * FROM matches WHERE matches.match_id = member.match_id OFFSET 0) AS match
)
SELECT person.*, coalesce(busy.learners, 0) AS learners, coalesce(busy.facilitating, 0) AS facilitating,
    coalesce(busy.minutes, 0) AS minutes, coalesce(waiting.rounds, 0) AS waited, coalesce(led.circles, 0) AS hosted
FROM unnest($2::uuid[]) AS wanted (person_id)
JOIN profiles AS person USING (person_id)
LEFT JOIN (
    SELECT mine.person_id,
        count(*) FILTER (WHERE mine.role IN ('teacher', 'buddy')) AS learners,
        count(*) FILTER (WHERE mine.role = 'facilitator') AS facilitating,
        sum(monthly_minutes(programme, mine.role)) AS minutes
    FROM mine JOIN programmes AS programme USING (programme_id)
    WHERE mine.state IN ('proposed', 'accepted', 'formed')
    GROUP BY mine.person_id
) AS busy USING (person_id)
LEFT JOIN (
    SELECT missed.person_id, count(*) AS rounds
    FROM unnest($2::uuid[]) AS wanted (person_id)
    CROSS JOIN LATERAL (SELECT * FROM unmatched WHERE unmatched.person_id = wanted.person_id OFFSET 0) AS missed
    JOIN rounds USING (round_id)
    LEFT JOIN (
        SELECT mine.person_id, max(mine.created_at) AS at FROM mine
        WHERE mine.programme_id = $1 AND is_served(mine.match_id, mine.state, mine.role)
        GROUP BY mine.person_id
    ) AS served ON served.person_id = missed.person_id
    WHERE rounds.programme_id = $1 AND rounds.published AND missed.reason <> 'no_time'
        AND (served.at IS NULL OR rounds.created_at > served.at)
    GROUP BY missed.person_id
) AS waiting USING (person_id)
LEFT JOIN (
    SELECT mine.person_id, count(*) AS circles FROM mine
    WHERE mine.role = 'facilitator' AND mine.kind = 'circle' AND mine.state <> 'preview'
        AND mine.created_at >= date_trunc('month', now(), 'UTC')
    GROUP BY mine.person_id
) AS led USING (person_id)

-- name: not_asked_of
-- Who of these has an open match of a programme, but for those of a round, in a role that asks for one, or leads a circle
-- of it, and whom its audience leaves out today.
SELECT member.person_id, CASE member.role WHEN 'facilitator' THEN 'leads_a_circle' ELSE 'has_match' END AS reason
FROM unnest($2::uuid[]) AS wanted (person_id)
CROSS JOIN LATERAL (SELECT * FROM match_members WHERE match_members.person_id = wanted.person_id OFFSET 0) AS member
CROSS JOIN LATERAL (SELECT * FROM matches WHERE matches.match_id = member.match_id OFFSET 0) AS match
WHERE match.programme_id = $1
    AND match.state IN ('proposed', 'accepted', 'formed')
    AND member.role IN ('learner', 'newcomer', 'participant', 'facilitator')
    AND ($3::uuid IS NULL OR match.round_id IS DISTINCT FROM $3)
UNION ALL
SELECT person.person_id, 'outside_audience' FROM people AS person
JOIN programmes AS programme ON programme.programme_id = $1
WHERE person.person_id = ANY ($2::uuid[]) AND NOT in_audience(person, programme)

-- name: recent_pairs
-- Who is together, or was until lately: the days count from when it was answered or ended.
SELECT DISTINCT one.person_id AS one, other.person_id AS other
FROM matches AS match
JOIN match_members AS one USING (match_id)
JOIN match_members AS other ON other.match_id = match.match_id AND one.person_id < other.person_id
WHERE match.kind IN ('pair', 'buddy') AND match.state NOT IN ('preview', 'withdrawn')
    AND (match.state IN ('proposed', 'accepted', 'formed')
        OR coalesce(match.changed_at, match.created_at) > now() - make_interval(days => $1))

-- name: company_of
-- With whom these have been in one match, circles too: what was agreed to, and stands or ended in the last days. Of two
-- the first says it.
SELECT DISTINCT mine.person_id AS one, other.person_id AS other
FROM unnest($2::uuid[]) AS wanted (person_id)
CROSS JOIN LATERAL (SELECT * FROM match_members WHERE match_members.person_id = wanted.person_id OFFSET 0) AS mine
CROSS JOIN LATERAL (SELECT * FROM matches WHERE matches.match_id = mine.match_id OFFSET 0) AS match
CROSS JOIN LATERAL (SELECT * FROM match_members WHERE match_members.match_id = match.match_id OFFSET 0) AS other
WHERE other.person_id > mine.person_id
    AND (match.state IN ('accepted', 'formed')
        OR match.state = 'ended' AND coalesce(match.changed_at, match.created_at) > now() - make_interval(days => $1)
            AND (match.kind = 'circle' OR 'accepted' IN (mine.answer, other.answer)))

-- name: newcomers_without_buddy
-- Recent and coming hires nobody has been proposed to, with the programmes that are for them, the closest first; of
-- all, so many.
SELECT person.person_id, closest.programmes
FROM people AS person
CROSS JOIN LATERAL (
    SELECT array_agg(
        programme.programme_id ORDER BY audience_fit(person, programme) DESC, programme.programme_id
    ) AS programmes
    FROM programmes AS programme
    WHERE programme.status = 'published' AND programme.format = 'onboarding_buddy' AND in_audience(person, programme)
        AND person.time_budget_minutes >= programme.session_minutes
        AND ($3::uuid IS NULL OR programme.programme_id = $3)
) AS closest
WHERE person.hired_on BETWEEN $1::date - 30 AND $1::date + 30
    AND person.status IN ('prehire', 'active') AND person.opted_in
    AND (person.paused_until IS NULL OR person.paused_until <= $1)
    AND ($2::uuid[] IS NULL OR person.person_id = ANY ($2))
    AND closest.programmes IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM match_members AS member JOIN matches AS match USING (match_id)
        WHERE member.person_id = person.person_id AND member.role = 'newcomer'
            AND match.state IN ('proposed', 'accepted')
    )
ORDER BY CASE WHEN $2 IS NULL THEN random() END LIMIT CASE WHEN $2 IS NULL THEN $4::int END

-- name: newcomers_not_asked
-- Recent and coming hires among these whom a programme finds no buddy: the conditions of `newcomers_without_buddy`.
SELECT CASE
    WHEN NOT in_audience(person, programme) THEN 'outside_audience'
    WHEN person.status NOT IN ('prehire', 'active') OR NOT person.opted_in OR person.paused_until > $3 THEN 'not_taking_part'
    WHEN EXISTS (
        SELECT FROM match_members AS member JOIN matches AS match USING (match_id)
        WHERE member.person_id = person.person_id AND member.role = 'newcomer'
            AND match.state IN ('proposed', 'accepted')
    ) THEN 'has_buddy'
    ELSE 'no_time_for_it' END AS reason, count(*) AS people
FROM people AS person JOIN programmes AS programme ON programme.programme_id = $1
WHERE person.person_id = ANY ($2::uuid[]) AND person.hired_on BETWEEN $3::date - 30 AND $3::date + 30
GROUP BY reason

-- name: insert_unmatched
INSERT INTO unmatched (round_id, person_id, reason, remaining, opens, change, would_help)
SELECT $1, person_id, reason, remaining, opens, change, would_help
FROM jsonb_to_recordset($2::jsonb) AS given (
    person_id uuid, reason text, remaining jsonb, opens jsonb, change jsonb, would_help jsonb
)

-- name: get_round
SELECT * FROM rounds WHERE round_id = $1

-- name: list_rounds
SELECT * FROM rounds
WHERE ($1::uuid IS NULL OR programme_id = $1) AND ($2::uuid IS NULL OR round_id < $2)
ORDER BY round_id DESC LIMIT $3

-- name: list_unmatched
SELECT * FROM unmatched
WHERE round_id = $1 AND ($2::uuid IS NULL OR person_id > $2)
ORDER BY person_id LIMIT $3

-- name: is_known
SELECT EXISTS (SELECT FROM people WHERE person_id = $1)

-- name: unmatched_of
-- By rounds, and by what befell them since; `told` is the round or the mark of what did.
SELECT * FROM (
    SELECT person_id, reason, remaining, opens, change, would_help, round.round_id, round.programme_id, round.created_at,
        round_id AS told
    FROM unmatched JOIN rounds AS round USING (round_id)
    WHERE person_id = $1 AND round.published
    UNION ALL
    SELECT person_id, reason, remaining, opens, change, NULL, NULL, programme_id, created_at, left_id
    FROM left_alone WHERE person_id = $1
) AS left_out
WHERE $2::uuid IS NULL OR told < $2
ORDER BY told DESC LIMIT $3

-- name: insert_round_people
INSERT INTO round_people (round_id, place, person_id, asked, state)
SELECT $1, place, person_id, asked, state::jsonb
FROM unnest($2::int[], $3::uuid[], $4::bool[], $5::text[]) AS given (place, person_id, asked, state)

-- name: is_kept
SELECT setting IS NOT NULL
    AND ((setting ->> 'people')::int = 0 OR EXISTS (SELECT FROM round_people WHERE round_id = $1))
FROM rounds WHERE round_id = $1

-- name: count_round_people
SELECT count(*) FROM round_people WHERE round_id = $1

-- name: round_people
SELECT place, person_id, asked, state FROM round_people
WHERE round_id = $1 AND ($2::int[] IS NULL OR place = ANY ($2)) ORDER BY place

-- name: round_line_of
-- Who was the manager of these people.
SELECT one.person_id, manager.person_id AS manager_id
FROM round_people AS one
LEFT JOIN round_people AS manager
    ON manager.round_id = one.round_id AND manager.place = (one.state ->> 'manager')::int
WHERE one.person_id = ANY ($2::uuid[]) AND one.round_id = $1

-- name: round_people_of
-- The same of some, by their own rows alone.
SELECT place, person_id, asked, state FROM round_people
WHERE person_id = ANY ($2::uuid[]) AND round_id = $1 ORDER BY place

-- name: round_setting
SELECT rounds.kind, rounds.seed, rounds.setting, rules.rules, rules.one_site
FROM rounds JOIN rules ON rules.programme_id = rounds.programme_id AND rules.version = rounds.rules_version
WHERE round_id = $1

-- name: last_round
-- The newest one whose input is still there.
SELECT round_id FROM rounds
WHERE programme_id = $1 AND solving IS NULL AND EXISTS (SELECT FROM round_people AS kept WHERE kept.round_id = rounds.round_id)
ORDER BY round_id DESC LIMIT 1

-- name: lock_round
-- Not from those who name it: its people and matches are written meanwhile.
SELECT * FROM rounds WHERE round_id = $1 FOR NO KEY UPDATE

-- name: unmatched_people
SELECT person_id FROM unmatched WHERE round_id = $1

-- name: claim_publication
-- A round that is being published, for one worker at a time.
UPDATE rounds SET leased_until = now() + interval '3 minutes'
FROM (
    SELECT round_id FROM rounds
    WHERE publishing IS NOT NULL AND (leased_until IS NULL OR leased_until < now())
    ORDER BY round_id LIMIT 1
    FOR UPDATE SKIP LOCKED
) AS open
WHERE rounds.round_id = open.round_id
RETURNING rounds.round_id

-- name: publishing_at
UPDATE rounds SET publishing = $2, leased_until = NULL WHERE round_id = $1 RETURNING *

-- name: left_at
-- Whom a round asked and does not match, among so many places: the reason, none where its preview had matched them.
SELECT asked.person_id, unmatched.reason
FROM round_people AS asked
LEFT JOIN unmatched ON unmatched.round_id = asked.round_id AND unmatched.person_id = asked.person_id
WHERE asked.round_id = $1 AND asked.place >= $2 AND asked.place < $2 + $3::int AND asked.asked
    AND NOT EXISTS (SELECT FROM erased_people AS erased WHERE erased.person_id = asked.person_id)
    AND NOT EXISTS (
        SELECT FROM match_members AS member JOIN matches AS match USING (match_id)
        WHERE member.person_id = asked.person_id AND match.round_id = $1 AND member.role NOT IN ('teacher', 'buddy')
    )
ORDER BY asked.place

-- name: reasons_of_round
-- How many a round leaves out, by reason.
SELECT reason, count(*) AS people FROM unmatched
WHERE round_id = $1 AND NOT EXISTS (SELECT FROM erased_people AS erased WHERE erased.person_id = unmatched.person_id)
GROUP BY reason ORDER BY reason

-- name: counted_of_round
SELECT
    (SELECT count(*) FROM round_people AS asked
     WHERE round_id = $1 AND asked.asked
        AND NOT EXISTS (SELECT FROM erased_people AS erased WHERE erased.person_id = asked.person_id)) AS asked,
    count(*) AS matches, coalesce(sum(score), 0) AS value
FROM matches WHERE round_id = $1

-- name: members_of_round
SELECT array_agg(member.person_id) AS people, array_agg(member.role) AS roles
FROM matches JOIN match_members AS member USING (match_id) WHERE round_id = $1 GROUP BY match_id

-- name: became_of
-- What a round gave these people to teach or to lead, and whom of them it left out.
SELECT person_id, left_out.person_id IS NOT NULL AS left_out, (
    SELECT count(*) FROM match_members AS member JOIN matches USING (match_id)
    WHERE member.person_id = one.person_id AND round_id = $1 AND role IN ('teacher', 'buddy', 'facilitator')
) AS given
FROM unnest($2::uuid[]) AS one (person_id)
LEFT JOIN LATERAL (
    SELECT person_id FROM unmatched WHERE round_id = $1 AND person_id = one.person_id OFFSET 0
) AS left_out USING (person_id)

-- name: mixed_of_round
-- Of each match of a round whether it brings units together, and sites, and whether anybody leads it.
SELECT coalesce(units, false), coalesce(sites, false), led
FROM matches CROSS JOIN LATERAL (
    SELECT min(unit) FILTER (WHERE NOT leads) <> max(unit) FILTER (WHERE NOT leads) AS units,
        min(site) FILTER (WHERE NOT leads) <> max(site) FILTER (WHERE NOT leads) AS sites, bool_or(leads) AS led
    FROM match_members AS member
    CROSS JOIN LATERAL (
        SELECT state ->> 'unit' AS unit, state ->> 'site' AS site, member.role = 'facilitator' AS leads
        FROM round_people AS person
        WHERE person.person_id = member.person_id AND person.round_id = $1 OFFSET 0
    ) AS person
    WHERE member.match_id = matches.match_id
) AS inside
WHERE round_id = $1

-- name: open_round
-- Nobody is asked yet: what comes of it is written when it is known. Workers of the release before, which would take it
-- for one whose parts are all there, never find its lease over.
INSERT INTO rounds (
    round_id, programme_id, kind, published, seed, rules_version, input_digest, asked, matched, unmatched,
    unmatched_by_reason, matches, value, bound, gap, timings, solving, engine, asks, leased_until
) VALUES ($1, $2, $3, false, $4, $5, '', 0, 0, 0, '{}', 0, 0, 0, 0, '{}', $6, $7, $8, 'infinity')
RETURNING *

-- name: read_round
UPDATE rounds SET input_digest = $2, asked = $3, unmatched = $3, setting = $4, severed = $5, rules_version = $6,
    engine = $7, asks = NULL, joins = 0, leased_until = NULL
WHERE round_id = $1 RETURNING *

-- name: is_asked
-- Whether a round of a programme waits to be read and solved.
SELECT EXISTS (SELECT FROM rounds WHERE programme_id = $1 AND asks IS NOT NULL)

-- name: claim_asked
-- A round that waits for it and that nobody is at: whoever is has the lock.
UPDATE rounds SET joins = rounds.joins + 1, leased_until = now() + interval '1 minute'
FROM (
    SELECT round_id FROM rounds
    WHERE asks IS NOT NULL AND joins < $1 AND (leased_until = 'infinity' OR leased_until < now())
        AND pg_try_advisory_xact_lock(7300104, hashtext(round_id::text))
    ORDER BY round_id LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
) AS open
WHERE rounds.round_id = open.round_id
RETURNING rounds.*

-- name: at_work
SELECT pg_try_advisory_xact_lock(7300104, hashtext($1::uuid::text))

-- name: finish_round
UPDATE rounds SET solving = NULL, leased_until = NULL, matched = $2::int, unmatched = $3::int, unmatched_by_reason = $4,
    matches = $5, value = $6, bound = $7, gap = $8, timings = $9, report = $10, output_digest = $11, figures = $12,
    asked = $2::int + $3::int, engine = $13
WHERE round_id = $1 RETURNING *

-- name: publish_round
UPDATE rounds SET published = true, publishing = NULL, leased_until = NULL, matched = $2::int, unmatched = $3::int,
    unmatched_by_reason = $4, matches = $5, value = $6, gap = $7,
    report = report || jsonb_build_object('withdrawn', $8::int), figures = $9, asked = $2::int + $3::int
WHERE round_id = $1 RETURNING *

-- name: foresee
UPDATE rounds SET report = report || jsonb_build_object('joining', $2::int) WHERE round_id = $1 RETURNING *

-- name: forget_unmatched
DELETE FROM unmatched WHERE round_id = $1 AND person_id = ANY ($2::uuid[])

-- name: discard_round
UPDATE rounds SET discarded_at = now(), asks = NULL WHERE round_id = $1 RETURNING *

-- name: lessons
-- What was said to earlier proposals: who had no time, and which skill somebody will not teach or learn with this.
SELECT DISTINCT member.person_id, member.role, member.reason_code, match.skill_id
FROM matches AS match JOIN match_members AS member USING (match_id)
WHERE match.programme_id = $1 AND match.state = 'declined' AND member.answer = 'declined'
    AND ($4::uuid[] IS NULL OR member.person_id = ANY ($4))
    AND (member.reason_code = 'no_time' AND coalesce(match.changed_at, match.created_at) > now() - make_interval(days => $2)
        OR member.reason_code = 'wrong_skill' AND coalesce(match.changed_at, match.created_at) > now() - make_interval(days => $3))

-- name: declines
-- Why earlier proposals were declined, where so many people said so.
SELECT member.reason_code, count(*) AS declines
FROM matches AS match JOIN match_members AS member USING (match_id)
WHERE match.programme_id = $1 AND match.state = 'declined' AND member.answer = 'declined'
    AND coalesce(match.changed_at, match.created_at) > now() - make_interval(days => $2)
GROUP BY member.reason_code HAVING count(DISTINCT member.person_id) >= $3 ORDER BY member.reason_code

-- name: count_people
-- How many there are, up to a number.
SELECT count(*) FROM (SELECT FROM people LIMIT $1) AS counted

-- name: near
-- Who is close to newcomers, so many of each kind: their team, what is around it, who does the same at their site, and
-- anybody there, these drawn by a lot of the newcomer's.
SELECT DISTINCT near.person_id FROM (
    SELECT *, md5(person_id::text || $3) AS lot FROM people WHERE person_id = ANY ($1::uuid[])
) AS newcomer
CROSS JOIN LATERAL (
    (SELECT person_id FROM people
     WHERE unit_code = newcomer.unit_code AND status = 'active' AND opted_in LIMIT $2)
    UNION ALL
    (SELECT person_id FROM people
     WHERE unit_code = ANY (newcomer.unit_path) AND status = 'active' AND opted_in LIMIT $2)
    UNION ALL
    (SELECT person_id FROM people
     WHERE site_code = newcomer.site_code AND job_function = newcomer.job_function
        AND status = 'active' AND opted_in AND md5(person_id::text) >= newcomer.lot
     ORDER BY md5(person_id::text) LIMIT $2)
    UNION ALL
    (SELECT person_id FROM people
     WHERE site_code = newcomer.site_code AND job_function = newcomer.job_function
        AND status = 'active' AND opted_in AND md5(person_id::text) < newcomer.lot
     ORDER BY md5(person_id::text) DESC LIMIT $2)
    UNION ALL
    (SELECT person_id FROM people
     WHERE site_code = newcomer.site_code AND status = 'active' AND opted_in AND md5(person_id::text) >= newcomer.lot
     ORDER BY md5(person_id::text) LIMIT $2)
    UNION ALL
    (SELECT person_id FROM people
     WHERE site_code = newcomer.site_code AND status = 'active' AND opted_in AND md5(person_id::text) < newcomer.lot
     ORDER BY md5(person_id::text) DESC LIMIT $2)
) AS near

-- name: by_place
-- These people, neighbours together.
SELECT person_id FROM people WHERE person_id = ANY ($1::uuid[]) ORDER BY site_code, unit_path, person_id

-- name: recent_pairs_of
SELECT DISTINCT least(mine.person_id, other.person_id) AS one, greatest(mine.person_id, other.person_id) AS other
FROM unnest($2::uuid[]) AS wanted (person_id)
CROSS JOIN LATERAL (SELECT * FROM match_members WHERE match_members.person_id = wanted.person_id OFFSET 0) AS mine
CROSS JOIN LATERAL (SELECT * FROM matches WHERE matches.match_id = mine.match_id OFFSET 0) AS match
JOIN match_members AS other ON other.match_id = match.match_id AND other.person_id <> mine.person_id
WHERE match.kind IN ('pair', 'buddy') AND match.state NOT IN ('preview', 'withdrawn')
    AND ($3::uuid IS NULL OR match.round_id IS DISTINCT FROM $3)
    AND (match.state IN ('proposed', 'accepted', 'formed')
        OR coalesce(match.changed_at, match.created_at) > now() - make_interval(days => $1))
