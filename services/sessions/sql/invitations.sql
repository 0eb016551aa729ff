-- Who must be told of which session: what they were last sent is compared with what is.

-- name: lock_uninvited
SELECT session_id FROM sessions
WHERE invited_version < version AND state <> 'held' AND starts_at > now()
ORDER BY starts_at, session_id LIMIT $1 FOR UPDATE SKIP LOCKED

-- name: queue_invitations
-- Whoever is expected is asked; whoever was asked and is expected no longer is told so; who declined is left in peace.
WITH changed AS (
    SELECT session_id, version, state, starts_at, ends_at FROM sessions WHERE session_id = ANY ($1::uuid[])
), asked AS (
    INSERT INTO invitations AS i (session_id, person_id, sequence)
    SELECT s.session_id, t.person_id, s.version
    FROM changed AS s JOIN participants AS t USING (session_id)
    WHERE s.state = 'scheduled' AND t.state NOT IN ('cancelled_early', 'cancelled_late')
    ON CONFLICT (session_id, person_id) DO UPDATE SET sequence = excluded.sequence, cancelled = false
    WHERE i.sequence < excluded.sequence OR i.cancelled
    RETURNING session_id, person_id, sequence
), released AS (
    UPDATE invitations AS i SET sequence = s.version, cancelled = true
    FROM changed AS s
    WHERE i.session_id = s.session_id AND NOT i.cancelled AND (
        s.state = 'cancelled' OR NOT EXISTS (
            SELECT FROM participants AS t WHERE t.session_id = i.session_id AND t.person_id = i.person_id
              AND (t.state NOT IN ('cancelled_early', 'cancelled_late') OR EXISTS (
                  SELECT FROM sessions AS x JOIN group_members AS m USING (group_id)
                  WHERE x.session_id = i.session_id AND m.person_id = i.person_id
              ))
        )
    )
    RETURNING i.session_id, i.person_id, i.sequence
), queued AS (
    INSERT INTO messages (person_id, kind, subject_id, sequence, expires_at)
    SELECT told.person_id, told.kind, told.session_id, told.sequence, s.starts_at
    FROM (
        SELECT *, 'invitation' AS kind FROM asked UNION ALL SELECT *, 'cancellation' FROM released
    ) AS told JOIN changed AS s USING (session_id)
    ON CONFLICT DO NOTHING
    RETURNING 1
), marked AS (
    UPDATE sessions SET invited_version = version WHERE session_id = ANY ($1::uuid[])
)
SELECT count(*)::int FROM queued

-- name: lock_invitation
SELECT i.sequence, i.cancelled, s.state FROM invitations AS i JOIN sessions AS s USING (session_id)
WHERE i.session_id = $1 AND i.person_id = $2

-- name: people_at
SELECT person_id FROM contacts WHERE lower(email) = lower($1) ORDER BY person_id

-- name: keep_reply
-- A calendar whose clock is ahead must not keep later answers out.
INSERT INTO calendar_replies (session_id, person_id, answer, sequence, outcome, said_at)
VALUES ($1, $2, $3, $4, $5, least($6::timestamptz, now()))

-- name: answered_since
-- Whether an answer to the same invitation counts that was given later.
SELECT EXISTS (
    SELECT FROM calendar_replies
    WHERE person_id = $2 AND session_id = $1 AND sequence = $3 AND outcome = 'applied' AND said_at > $4::timestamptz
)

-- name: queue_refusal
INSERT INTO messages (person_id, kind, subject_id, sequence, about, expires_at)
VALUES ($1, 'reply_refused', $2, $3, $4, now() + interval '2 days') ON CONFLICT DO NOTHING

-- name: list_replies
SELECT reply_id, session_id, person_id, answer, sequence, outcome, received_at FROM calendar_replies
WHERE ($1::uuid IS NULL OR session_id = $1)
  AND ($2::timestamptz IS NULL OR (received_at, reply_id) > ($2, $3::uuid))
ORDER BY received_at, reply_id LIMIT $4
