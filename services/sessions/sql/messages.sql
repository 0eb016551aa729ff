-- What is to be told, to whom, by when; and what became of it.

-- name: interrupt
-- A lease that ran out means that a courier died in the act: once more, but not a third time.
UPDATE messages SET interruptions = interruptions + 1, claimed_at = NULL,
    state = CASE WHEN interruptions >= 1 THEN 'failed' ELSE state END,
    problem = CASE WHEN interruptions >= 1 THEN 'interrupted twice' ELSE problem END,
    ended_at = CASE WHEN interruptions >= 1 THEN now() END
WHERE state = 'queued' AND claimed_at < now() - interval '5 minutes'

-- name: expire
UPDATE messages SET state = 'expired', ended_at = now()
WHERE state = 'queued' AND claimed_at IS NULL AND expires_at <= now()

-- name: claim
-- With all that is needed to decide when and where; the texts come after.
WITH due AS (
    SELECT message_id FROM messages
    WHERE state = 'queued' AND claimed_at IS NULL AND due_at <= now() AND expires_at > now()
    ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE messages AS m SET claimed_at = now() FROM due WHERE m.message_id = due.message_id
    RETURNING m.message_id, m.person_id, m.kind, m.subject_id, m.sequence, m.about, m.attempts, m.expires_at
)
SELECT taken.*, c.display_name, c.email, c.locale, p.time_zone, p.work_starts, p.work_ends, p.work_days, p.status,
       p.paused_until, coalesce(r.channel, 'mail') AS channel, r.quiet_from, r.quiet_to,
       CASE WHEN r.confirmed_address = r.channel || ' ' || r.chat_address OR taken.kind = 'confirmation'
            THEN r.chat_address END AS chat_address,
       coalesce(r.nudges, true) AS nudges
FROM taken
LEFT JOIN contacts AS c USING (person_id)
LEFT JOIN people AS p USING (person_id)
LEFT JOIN preferences AS r USING (person_id)
ORDER BY taken.message_id

-- name: settle
UPDATE messages AS m SET state = new.state, attempts = m.attempts + 1, claimed_at = NULL, problem = new.problem,
    due_at = coalesce(new.due_at, m.due_at), ended_at = CASE WHEN new.state <> 'queued' THEN now() END
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) AS new (message_id, state, problem, due_at)
WHERE m.message_id = new.message_id AND m.state = 'queued'

-- name: postpone
UPDATE messages AS m SET claimed_at = NULL, due_at = new.due_at
FROM unnest($1::uuid[], $2::timestamptz[]) AS new (message_id, due_at) WHERE m.message_id = new.message_id

-- name: drop_unwanted
UPDATE messages SET state = 'unwanted', claimed_at = NULL, ended_at = now() WHERE message_id = ANY ($1::uuid[])

-- name: entries
-- The sessions that claimed messages are about, each as its recipient may see it. A free seat that is taken again is
-- none to tell of. $4: roles without a seat.
SELECT w.message_id, s.session_id, s.version, s.state, s.starts_at, s.ends_at, s.changed_at, s.title AS named,
       p.name AS programme_name,
       coalesce(s.format, g.format, p.format) AS format, p.confidentiality, k.label AS skill,
       s.location, join_link_of(s.join_link, p.join_template, s.session_id) AS join_link,
       coalesce(s.place, g.place) AS place, coalesce(s.access, g.access) AS access,
       told_courses(p.confidentiality, g.courses, s.courses) AS courses,
       coalesce(t.role, 'participant') AS role, coalesce(t.state, 'invited') AS answer, c.display_name, c.email
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS w (message_id, session_id, person_id)
JOIN messages AS m USING (message_id)
JOIN sessions AS s USING (session_id)
JOIN groups AS g USING (group_id)
JOIN programmes AS p ON p.programme_id = s.programme_id
LEFT JOIN participants AS t ON t.session_id = s.session_id AND t.person_id = w.person_id
LEFT JOIN skills AS k ON k.skill_id = g.skill_id
LEFT JOIN contacts AS c ON c.person_id = w.person_id
WHERE m.kind <> 'free_seat' OR free_seats(s, nullif(m.about, ''), $4::text[]) > 0

-- name: queue_reminders
-- A working day of theirs before, so that one of a Monday is not put off by the weekend until it is over; to whoever
-- has a seat; of a session that moves, once more.
INSERT INTO messages (person_id, kind, subject_id, sequence, expires_at)
SELECT t.person_id, 'reminder', s.session_id, extract(epoch FROM s.starts_at)::bigint / 60, s.starts_at
FROM sessions AS s JOIN participants AS t USING (session_id) LEFT JOIN people AS p USING (person_id)
WHERE s.state = 'scheduled' AND s.starts_at > now() AND s.starts_at <= now() + interval '4 days'
  AND t.state = 'registered' AND (s.starts_at <= now() + interval '1 day' OR (
      SELECT min(n) FROM generate_series(1, 4) AS n
      WHERE extract(isodow FROM (s.starts_at - make_interval(days => n)) AT TIME ZONE p.time_zone)::int
            = ANY (p.work_days)
  ) * interval '1 day' >= s.starts_at - now())
ON CONFLICT DO NOTHING

-- name: snooze
-- A reminder that was sent, once more: a day later, or an hour before it begins where that is sooner. Only once.
UPDATE messages AS m SET state = 'queued', about = 'snoozed', attempts = 0, interruptions = 0, ended_at = NULL,
    due_at = least(now() + interval '1 day', s.starts_at - interval '1 hour')
FROM sessions AS s
WHERE m.person_id = $1 AND m.kind = 'reminder' AND m.subject_id = $2 AND m.state = 'sent' AND m.about <> 'snoozed'
  AND s.session_id = m.subject_id AND s.state = 'scheduled' AND s.starts_at > now() + interval '1 hour'
  AND m.sequence = extract(epoch FROM s.starts_at)::bigint / 60
RETURNING true

-- name: queue_seats
-- To whoever came off a waitlist; the version of their part is why nobody is told twice.
INSERT INTO messages (person_id, kind, subject_id, sequence, expires_at)
SELECT new.person_id, 'seat', new.session_id, new.version, s.starts_at
FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS new (session_id, person_id, version)
JOIN sessions AS s USING (session_id)
ON CONFLICT DO NOTHING

-- name: queue_circle_notices
INSERT INTO messages (person_id, kind, subject_id, sequence, about, expires_at)
SELECT new.person_id, 'notice', new.match_id, new.version, 'circle', now() + interval '14 days'
FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS new (person_id, match_id, version)
ON CONFLICT DO NOTHING

-- name: queue_nudges
-- Whoever has not answered three days before is asked once; nobody more than twice in seven days.
WITH silent AS (
    SELECT t.person_id, s.session_id, s.starts_at,
           row_number() OVER (PARTITION BY t.person_id ORDER BY s.starts_at, s.session_id) AS turn
    FROM sessions AS s JOIN participants AS t USING (session_id)
    WHERE s.state = 'scheduled' AND s.starts_at > now() + interval '24 hours'
      AND s.starts_at <= now() + interval '72 hours' AND t.state = 'invited' AND t.role NOT IN ('facilitator', 'host')
      AND NOT EXISTS (
          SELECT FROM messages AS m
          WHERE m.person_id = t.person_id AND m.kind = 'nudge' AND m.subject_id = s.session_id AND m.sequence = 0
      )
)
INSERT INTO messages (person_id, kind, subject_id, expires_at)
SELECT person_id, 'nudge', session_id, starts_at - interval '12 hours' FROM silent
WHERE turn + (
    SELECT count(*) FROM messages AS m
    WHERE m.person_id = silent.person_id AND m.kind = 'nudge' AND m.state IN ('queued', 'sent')
      AND m.created_at > now() - interval '7 days'
) <= 2
ON CONFLICT DO NOTHING

-- name: queue_digests
-- On the first working hour of the day or of Monday, where the person is; the day is the key, so it is one a day.
WITH here AS (
    SELECT r.person_id, r.digest, (now() AT TIME ZONE p.time_zone) AS clock, p.time_zone, p.work_starts, p.work_days
    FROM preferences AS r JOIN people AS p USING (person_id)
    WHERE r.digest <> 'none' AND r.channel <> 'none' AND p.status IN ('active', 'prehire')
), due AS (
    SELECT person_id, clock::date AS day, digest FROM here
    WHERE extract(isodow FROM clock)::int = ANY (work_days)
      AND extract(hour FROM clock) * 60 + extract(minute FROM clock) BETWEEN work_starts AND work_starts + 239
      AND (digest = 'daily' OR extract(isodow FROM clock) = (SELECT min(day) FROM unnest(work_days) AS day))
)
INSERT INTO messages (person_id, kind, subject_id, sequence, about, expires_at)
SELECT due.person_id, 'digest', due.person_id, to_char(day, 'YYYYMMDD')::int, digest, now() + interval '8 hours'
FROM due
WHERE NOT EXISTS (
    SELECT FROM messages AS m WHERE m.person_id = due.person_id AND m.kind = 'digest' AND m.subject_id = due.person_id
      AND m.sequence = to_char(due.day, 'YYYYMMDD')::int
) AND EXISTS (
    SELECT FROM participants AS t JOIN sessions AS s USING (session_id)
    WHERE t.person_id = due.person_id AND s.state = 'scheduled' AND s.starts_at > now()
      AND s.starts_at < now() + CASE due.digest WHEN 'daily' THEN interval '36 hours' ELSE interval '7 days' END
)
ON CONFLICT DO NOTHING

-- name: digest_entries
SELECT w.message_id, s.session_id, s.version, s.state, s.starts_at, s.ends_at, s.changed_at, s.title AS named,
       p.name AS programme_name,
       coalesce(s.format, g.format, p.format) AS format, p.confidentiality, k.label AS skill,
       s.location, join_link_of(s.join_link, p.join_template, s.session_id) AS join_link,
       coalesce(s.place, g.place) AS place, coalesce(s.access, g.access) AS access,
       told_courses(p.confidentiality, g.courses, s.courses) AS courses,
       t.role,
       t.state AS answer, c.display_name, c.email
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS w (message_id, person_id, about)
JOIN participants AS t ON t.person_id = w.person_id
JOIN sessions AS s USING (session_id)
JOIN groups AS g USING (group_id)
JOIN programmes AS p ON p.programme_id = s.programme_id
LEFT JOIN skills AS k ON k.skill_id = g.skill_id
LEFT JOIN contacts AS c ON c.person_id = w.person_id
WHERE s.state = 'scheduled' AND s.starts_at > now()
  AND s.starts_at < now() + CASE w.about WHEN 'daily' THEN interval '36 hours' ELSE interval '7 days' END
  AND t.state NOT IN ('cancelled_early', 'cancelled_late')
ORDER BY w.message_id, s.starts_at, s.session_id

-- name: prune
DELETE FROM messages WHERE ended_at < now() - interval '90 days'

-- name: list_messages
SELECT message_id, person_id, kind, subject_id, state, attempts, problem, due_at, created_at FROM messages
WHERE state = $1 AND ($2::uuid IS NULL OR message_id > $2) ORDER BY message_id LIMIT $3

-- name: retry
UPDATE messages SET state = 'queued', attempts = 0, interruptions = 0, problem = NULL, due_at = now(), ended_at = NULL
WHERE message_id = $1 AND state = 'failed' RETURNING message_id, state

-- name: state_of
SELECT state FROM messages WHERE message_id = $1

-- name: save_preferences
INSERT INTO preferences (person_id, channel, chat_address, quiet_from, quiet_to, digest, nudges)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (person_id) DO UPDATE SET channel = excluded.channel, chat_address = excluded.chat_address,
    quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, digest = excluded.digest, nudges = excluded.nudges

-- name: get_preferences
SELECT channel, chat_address, quiet_from, quiet_to, digest, nudges,
       coalesce(confirmed_address = channel || ' ' || chat_address, false) AS confirmed
FROM preferences WHERE person_id = $1

-- name: lock_chat_address
-- Two who claim it at once come one after the other.
SELECT pg_advisory_xact_lock(hashtextextended($1::text || ' ' || $2::text, 0))

-- name: person_in_chat
SELECT person_id FROM preferences
WHERE channel = $1 AND chat_address = $2 AND confirmed_address = $1::text || ' ' || $2::text

-- name: give_way
-- An address that its claimant has not been found at is free for the next one.
UPDATE preferences SET channel = 'mail', chat_address = NULL
WHERE channel = $1 AND chat_address = $2 AND person_id <> $3
  AND confirmed_address IS DISTINCT FROM $1::text || ' ' || $2::text

-- name: queue_confirmation
-- Whoever is at this address is asked at once, and about one claimant once a day at most; what the address was is in the
-- message, for by then another one may be claimed.
INSERT INTO messages (person_id, kind, subject_id, sequence, about, expires_at)
SELECT $1, 'confirmation', $1, extract(epoch FROM now())::bigint / 60, $2::text || ' ' || $3::text, now() + interval '1 day'
WHERE NOT EXISTS (
    SELECT FROM preferences
    WHERE person_id = $1 AND confirmed_address = $2::text || ' ' || $3::text
) AND NOT EXISTS (
    SELECT FROM messages
    WHERE person_id = $1 AND kind = 'confirmation' AND about = $2::text || ' ' || $3::text AND state IN ('queued', 'sent')
      AND created_at > now() - interval '1 day'
)
ON CONFLICT DO NOTHING

-- name: confirm_chat
UPDATE preferences SET confirmed_address = $1::text || ' ' || $2::text
WHERE person_id = $3 AND channel = $1 AND chat_address = $2
RETURNING true
