-- How sessions are run, shared and used again; polls on how a group meets.

-- name: save
INSERT INTO plans (plan_id, session_id, author_id, format, title, agenda, steps, minutes, copied_from)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (session_id) DO UPDATE SET
    author_id = excluded.author_id, title = excluded.title, agenda = excluded.agenda, steps = excluded.steps,
    minutes = excluded.minutes

-- name: lock_of_session
SELECT plan_id, author_id, shared_on FROM plans WHERE session_id = $1 FOR UPDATE

-- name: share
UPDATE plans SET shared_on = CASE WHEN $2::boolean THEN coalesce(shared_on, current_date) END WHERE session_id = $1

-- name: get
-- What may be copied: one's own, and what is shared.
SELECT plan_id, title, agenda, steps, minutes FROM plans
WHERE plan_id = $1 AND (shared_on IS NOT NULL OR author_id = $2)

-- name: list
-- $1 is the one of a session, $2 the reader; $3: their own, shared or not. Copies by others are told to the author.
SELECT p.plan_id, CASE WHEN p.author_id = $2 OR p.session_id = $1 THEN p.session_id END AS session_id, p.author_id,
       p.format, p.title, p.agenda, p.steps, p.minutes, p.shared_on, p.copied_from,
       CASE WHEN p.author_id = $2 THEN (
           SELECT count(*) FROM plans AS c
           WHERE c.copied_from = p.plan_id AND c.author_id IS DISTINCT FROM p.author_id
       ) END AS copies
FROM plans AS p
WHERE CASE WHEN $1::uuid IS NOT NULL THEN p.session_id = $1
           WHEN $3::boolean THEN p.author_id = $2 ELSE p.shared_on IS NOT NULL END
  AND ($4::text IS NULL OR p.format = $4) AND ($5::uuid IS NULL OR p.plan_id < $5)
ORDER BY p.plan_id DESC LIMIT $6

-- name: insert_poll
INSERT INTO polls (poll_id, group_id, asked_by, question, options, closes_at) VALUES ($1, $2, $3, $4, $5, $6)

-- name: has_open_poll
SELECT EXISTS (SELECT FROM polls WHERE group_id = $1 AND closes_at > now())

-- name: tell_members
INSERT INTO messages (person_id, kind, subject_id, about, expires_at)
SELECT m.person_id, 'notice', $2, 'poll', $3 FROM group_members AS m
WHERE m.group_id = $1 AND m.person_id IS DISTINCT FROM $4
ON CONFLICT DO NOTHING

-- name: group_of_poll
SELECT group_id FROM polls WHERE poll_id = $1

-- name: lock_poll
SELECT group_id, options, closes_at, applied FROM polls WHERE poll_id = $1 FOR UPDATE

-- name: is_member
SELECT EXISTS (SELECT FROM group_members WHERE group_id = $1 AND person_id = $2)

-- name: vote
INSERT INTO poll_votes (poll_id, person_id, option) VALUES ($1, $2, $3)
ON CONFLICT (poll_id, person_id) DO UPDATE SET option = excluded.option

-- name: votes
SELECT v.option FROM poll_votes AS v JOIN polls AS p USING (poll_id)
JOIN group_members AS m ON m.group_id = p.group_id AND m.person_id = v.person_id
WHERE v.poll_id = $1

-- name: close_poll
UPDATE polls SET closes_at = now() WHERE poll_id = $1

-- name: note_applied
UPDATE polls SET applied = $2 WHERE poll_id = $1

-- name: clear_recurrence
UPDATE groups SET recurrence = NULL WHERE group_id = $1

-- name: list_polls
-- Of a group ($1) or the one ($2), newest first; $3 is who reads, and whose own vote they see. Whoever has left the
-- group does not count.
SELECT p.poll_id, p.group_id, p.question, p.options, p.closes_at, p.applied, v.voted, v.own_vote
FROM polls AS p CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(v.option) FILTER (WHERE m.person_id IS NOT NULL), '{}') AS voted,
           max(v.option) FILTER (WHERE v.person_id = $3) AS own_vote
    FROM poll_votes AS v
    LEFT JOIN group_members AS m ON m.group_id = p.group_id AND m.person_id = v.person_id
    WHERE v.poll_id = p.poll_id
) AS v
WHERE ($1::uuid IS NULL OR p.group_id = $1) AND ($2::uuid IS NULL OR p.poll_id = $2)
  AND ($4::uuid IS NULL OR p.poll_id < $4)
ORDER BY p.poll_id DESC LIMIT $5
