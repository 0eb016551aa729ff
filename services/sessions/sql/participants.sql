-- Who takes part in a session, and how.

-- name: get_participant
SELECT session_id, person_id, role, state, version, minutes, taught, asked, shared, challenged, summarised, attends
FROM participants WHERE session_id = $1 AND person_id = $2

-- name: get_participants
SELECT session_id, person_id, role, state, version, minutes, taught, asked, shared, challenged, summarised, attends
FROM participants WHERE session_id = $1 ORDER BY person_id

-- name: lock_answering
-- The session, locked, and how many seats are taken by then. One's part, and whether one has accepted the rules, may be
-- as they were before the lock was granted: what changes a part names the one it has seen. $4: it is for a seat, so
-- whether one sits elsewhere then is asked, and nobody gets another seat meanwhile; not of whoever has it already.
SELECT seen.*, seats_taken($1, $3) AS taken,
       CASE WHEN seen.capacity_remote IS NOT NULL THEN seats_taken_apart($1, $3) END AS taken_apart,
       $4 AND seen.part_state IS DISTINCT FROM 'registered'
           AND sits_elsewhere($2, $1, seen.starts_at, seen.ends_at, $3) AS elsewhere
FROM (
    SELECT s.session_id, s.version, s.state, s.programme_id, s.group_id, g.match_id,
           coalesce(s.format, g.format, p.format) AS format, told_skill(p.confidentiality, g.skill_id) AS skill_id,
           s.starts_at, s.ends_at, s.capacity, s.capacity_in_person, s.capacity_remote, s.facilitator_id,
           t.person_id, t.role, t.state AS part_state, t.version AS part_version, t.minutes,
           t.taught, t.asked AS asked_count, t.shared, t.challenged, t.summarised, t.attends,
           EXISTS (
               SELECT FROM acknowledgements AS a
               WHERE a.group_id = s.group_id AND a.person_id = $2 AND a.rules_version = g.rules_version
           ) AS acknowledged
    FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
    LEFT JOIN participants AS t ON t.session_id = s.session_id AND t.person_id = $2
    WHERE s.session_id = $1 FOR UPDATE OF s
) AS seen

-- name: look_answering
-- One's part in a session, seen without a lock, and by what the row of the session is known again.
SELECT s.xmin AS session_row, s.session_id, s.version, s.state, s.programme_id, s.group_id, g.match_id,
       coalesce(s.format, g.format, p.format) AS format, told_skill(p.confidentiality, g.skill_id) AS skill_id,
       s.starts_at, s.ends_at, s.capacity, s.capacity_in_person, s.capacity_remote, s.facilitator_id,
       t.person_id, t.role, t.state AS part_state, t.version AS part_version, t.minutes,
       t.taught, t.asked AS asked_count, t.shared, t.challenged, t.summarised, t.attends, g.rules_version,
       (
           SELECT count(*) FROM participants AS o
           WHERE o.session_id = s.session_id AND o.state = 'registered' AND NOT o.role = ANY ($3::text[])
       ) AS taken,
       EXISTS (
           SELECT FROM acknowledgements AS a
           WHERE a.group_id = s.group_id AND a.person_id = $2 AND a.rules_version = g.rules_version
       ) AS acknowledged
FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
JOIN participants AS t ON t.session_id = s.session_id AND t.person_id = $2
WHERE s.session_id = $1

-- name: take_seat
-- For a part and a session that are as they were seen, while there is a seat: it is counted once the session is locked.
-- Not for whoever sits elsewhere then.
WITH locked AS MATERIALIZED (
    SELECT session_id, capacity, starts_at, ends_at FROM sessions WHERE session_id = $1 AND xmin = $5 FOR UPDATE
), change AS (
    UPDATE participants AS t SET state = 'registered', version = t.version + 1, place = NULL
    FROM locked
    WHERE t.session_id = locked.session_id AND t.person_id = $2 AND t.state = $3 AND t.version = $4
      AND (t.role = ANY ($6::text[]) OR seats_taken(locked.session_id, $6) < locked.capacity)
      AND NOT sits_elsewhere($2, locked.session_id, locked.starts_at, locked.ends_at, $6)
    RETURNING true
)
SELECT true FROM change

-- name: get_expected
SELECT DISTINCT person_id, role FROM participants
WHERE session_id = ANY ($1::uuid[]) AND state IN ('invited', 'registered', 'waitlisted')

-- name: booked
-- Who is expected in a session, and what they prepare for it.
SELECT person_id, preparation FROM participants WHERE session_id = $1 AND state IN ('invited', 'registered')

-- name: agree
UPDATE participants SET state = 'registered' WHERE session_id = $1 AND person_id = $2 AND state = 'invited'

-- name: answer
-- Of a part that is as it was seen; whoever is not waiting has no place.
UPDATE participants SET state = $3, version = version + 1, place = NULL, attends = $6
WHERE session_id = $1 AND person_id = $2 AND state = $4 AND version = $5
RETURNING true

-- name: wait
-- The last place on the waitlist, for a part that is as it was seen.
UPDATE participants AS p SET state = $3, version = version + 1, attends = $6,
    place = (SELECT coalesce(max(o.place), 0) + 1 FROM participants AS o WHERE o.session_id = $1)
WHERE session_id = $1 AND person_id = $2 AND state = $4 AND version = $5
RETURNING true

-- name: next_waiting
-- Who is next for the free seats of locked sessions, first come first served; where seats in the room and remote ones
-- are apart, each from those who wait for one of its kind. Whoever sits in another session then goes on waiting, and who
-- is next in two gets the earlier one's. Nobody else can give these people a seat until the transaction ends.
SELECT session_id, person_id, lock_seats_of(person_id)
FROM (
    SELECT DISTINCT ON (person_id) session_id, person_id
    FROM (
        SELECT w.session_id, w.person_id, s.starts_at,
               row_number() OVER (PARTITION BY w.session_id, w.attends ORDER BY w.place) AS turn,
               CASE w.attends WHEN 'in_person' THEN s.capacity_in_person WHEN 'remote' THEN s.capacity_remote
                   ELSE s.capacity END - (
                   SELECT count(*) FROM participants AS r
                   WHERE r.session_id = w.session_id AND r.state = 'registered' AND NOT r.role = ANY ($2::text[])
                     AND r.attends IS NOT DISTINCT FROM w.attends
               ) AS free
        FROM participants AS w JOIN sessions AS s USING (session_id)
        WHERE w.session_id = ANY ($1::uuid[]) AND w.state = 'waitlisted' AND NOT EXISTS (
            SELECT FROM participants AS o
            WHERE o.person_id = w.person_id AND o.session_id <> w.session_id
              AND (o.state = 'registered' OR o.state = 'invited' AND o.role = ANY ($2))
              AND (SELECT x.state = 'scheduled' AND x.starts_at < s.ends_at AND x.ends_at > s.starts_at
                   FROM sessions AS x WHERE x.session_id = o.session_id)
        )
    ) AS waiting
    WHERE turn <= free
    ORDER BY person_id, starts_at, session_id
) AS next

-- name: promote
-- Those who are next; not who has taken a seat in another session then before they were locked.
UPDATE participants AS p SET state = 'registered', place = NULL, version = p.version + 1
FROM unnest($1::uuid[], $2::uuid[]) AS next (session_id, person_id) JOIN sessions AS s USING (session_id)
WHERE p.session_id = next.session_id AND p.person_id = next.person_id AND p.state = 'waitlisted'
  AND NOT sits_elsewhere(p.person_id, s.session_id, s.starts_at, s.ends_at, $3)
RETURNING p.session_id, p.person_id, p.role, p.state, p.version, p.minutes, p.taught, p.asked, p.shared,
          p.challenged, p.summarised

-- name: record
UPDATE participants AS p SET state = new.state, minutes = new.minutes, taught = new.taught, asked = new.asked,
    shared = new.shared, challenged = new.challenged, summarised = new.summarised, version = p.version + 1, place = NULL
FROM unnest($2::uuid[], $3::text[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[], $9::int[])
    AS new (person_id, state, minutes, taught, asked, shared, challenged, summarised)
WHERE p.session_id = $1 AND p.person_id = new.person_id

-- name: withdraw
-- These people give up the seats they hold; who never answered is simply not expected.
UPDATE participants SET state = 'cancelled_early', place = NULL, version = version + 1
WHERE (session_id, person_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[])) AND state IN ('registered', 'waitlisted')
RETURNING session_id, person_id, role, state, version, minutes, taught, asked, shared, challenged, summarised

-- name: uninvite
-- Calendars are looked at again: of those who are in nothing changes, for what was sent once is not sent again.
WITH seen AS (
    UPDATE sessions SET invited_version = version - 1 WHERE session_id = ANY ($1::uuid[]) AND invited_version = version
)
DELETE FROM participants
WHERE (session_id, person_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[])) AND state = 'invited'

-- name: invite
-- Calendars are looked at again, as above.
WITH seen AS (
    UPDATE sessions SET invited_version = version - 1 WHERE session_id = ANY ($1::uuid[]) AND invited_version = version
)
INSERT INTO participants (session_id, person_id, role, preparation)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[])
ON CONFLICT (session_id, person_id) DO UPDATE SET role = excluded.role, preparation = excluded.preparation

-- name: get_pairs
SELECT session_id, person_id FROM participants WHERE session_id = ANY ($1::uuid[])
