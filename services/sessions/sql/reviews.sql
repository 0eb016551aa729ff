-- Peer review.

-- name: insert_round
INSERT INTO review_rounds (round_id, group_id, rubric, reviewers, submit_by, review_by) VALUES ($1, $2, $3, $4, $5, $6)
RETURNING round_id, group_id, rubric, reviewers, submit_by, review_by, state

-- name: list_rounds
SELECT round_id, group_id, rubric, reviewers, submit_by, review_by, state FROM review_rounds AS r
WHERE r.group_id = $1 AND ($2::uuid IS NULL OR EXISTS (
    SELECT FROM group_members AS m WHERE m.group_id = r.group_id AND m.person_id = $2
)) AND ($3::uuid IS NULL OR round_id > $3)
ORDER BY round_id LIMIT $4

-- name: lock_round_of_member
SELECT r.round_id, r.state, r.submit_by FROM review_rounds AS r JOIN group_members AS m USING (group_id)
WHERE r.round_id = $1 AND m.person_id = $2 FOR UPDATE OF r

-- name: submit_work
INSERT INTO works AS w (work_id, round_id, author_id, title, link) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (round_id, author_id) DO UPDATE SET title = excluded.title, link = excluded.link
RETURNING work_id, round_id, author_id, title, link, state

-- name: lock_collected
SELECT round_id, reviewers, review_by FROM review_rounds WHERE state = 'collecting' AND submit_by < current_date
ORDER BY round_id LIMIT 50 FOR UPDATE SKIP LOCKED

-- name: works_of
SELECT work_id, author_id FROM works WHERE round_id = $1 ORDER BY work_id

-- name: ask
-- With a question in each reviewer's list.
WITH asked AS (
    INSERT INTO reviews (work_id, reviewer_id, due_on, again)
    SELECT new.*, $3::date, $4::boolean FROM unnest($1::uuid[], $2::uuid[]) AS new (work_id, reviewer_id)
    ON CONFLICT DO NOTHING RETURNING review_id, work_id, reviewer_id, due_on
)
INSERT INTO prompts (person_id, kind, subject_id, programme_id, due_on, expires_on)
SELECT a.reviewer_id, 'review', a.review_id, g.programme_id, current_date, a.due_on
FROM asked AS a JOIN works AS w USING (work_id) JOIN review_rounds AS r USING (round_id)
JOIN groups AS g USING (group_id)
ON CONFLICT DO NOTHING

-- name: set_round
UPDATE review_rounds SET state = $2 WHERE round_id = $1

-- name: lock_review
SELECT v.review_id, v.state, v.due_on, w.work_id, jsonb_array_length(r.rubric) AS criteria
FROM reviews AS v JOIN works AS w USING (work_id) JOIN review_rounds AS r USING (round_id)
WHERE v.review_id = $1 AND v.reviewer_id = $2 FOR UPDATE OF v

-- name: give_review
UPDATE reviews SET state = 'done', scores = $2, comment = $3 WHERE review_id = $1

-- name: list_mine
-- What somebody is to review, without the author's name.
SELECT v.review_id, v.state, v.due_on, w.title, w.link, r.rubric
FROM reviews AS v JOIN works AS w USING (work_id) JOIN review_rounds AS r USING (round_id)
WHERE v.reviewer_id = $1 AND v.state = 'asked' AND ($2::uuid IS NULL OR v.review_id > $2)
ORDER BY v.review_id LIMIT $3

-- name: miss
UPDATE reviews SET state = 'missed' WHERE state = 'asked' AND due_on < current_date RETURNING work_id

-- name: candidates
-- Members who may take over a review: not the author, not asked before, the least busy first.
SELECT m.person_id FROM works AS w JOIN review_rounds AS r USING (round_id) JOIN group_members AS m USING (group_id)
LEFT JOIN groups AS g USING (group_id)
WHERE w.work_id = $1 AND m.person_id <> w.author_id AND m.person_id IS DISTINCT FROM g.facilitator_id
  AND NOT EXISTS (SELECT FROM reviews AS v WHERE v.work_id = w.work_id AND v.reviewer_id = m.person_id)
ORDER BY (SELECT count(*) FROM reviews AS v WHERE v.reviewer_id = m.person_id AND v.state IN ('asked', 'missed')),
         m.person_id
LIMIT 1

-- name: lock_reviewed
-- Works of running rounds with nobody left to ask.
SELECT w.work_id, w.author_id, arbiter(w.work_id) AS arbiter_id, r.reviewers, r.review_by,
       coalesce((
           SELECT jsonb_agg(v.scores) FROM reviews AS v WHERE v.work_id = w.work_id AND v.state = 'done'
       ), '[]') AS scores
FROM works AS w JOIN review_rounds AS r USING (round_id)
WHERE r.state = 'reviewing' AND w.state = 'submitted'
  AND NOT EXISTS (SELECT FROM reviews AS v WHERE v.work_id = w.work_id AND v.state = 'asked')
ORDER BY w.work_id LIMIT 200 FOR UPDATE OF w SKIP LOCKED

-- name: set_work
WITH told AS (
    INSERT INTO messages (person_id, kind, subject_id, about, expires_at)
    SELECT $3::uuid, 'notice', $1::uuid, $4::text, now() + interval '14 days' WHERE $3 IS NOT NULL
    ON CONFLICT DO NOTHING
)
UPDATE works SET state = $2 WHERE work_id = $1

-- name: lock_escalated
SELECT work_id, state, author_id FROM works WHERE work_id = $1 AND arbiter(work_id) = $2 FOR UPDATE

-- name: settle
UPDATE works SET state = 'delivered', verdict = $2 WHERE work_id = $1

-- name: lock_finished
SELECT r.round_id, g.programme_id, current_date AS closed_on,
       (SELECT count(*)::int FROM works AS w WHERE w.round_id = r.round_id) AS works,
       (SELECT count(*)::int FROM works AS w JOIN reviews AS v USING (work_id)
        WHERE w.round_id = r.round_id) AS reviews_asked,
       (SELECT count(*)::int FROM works AS w JOIN reviews AS v USING (work_id)
        WHERE w.round_id = r.round_id AND v.state = 'done') AS reviews_done,
       (SELECT count(*)::int FROM works AS w JOIN reviews AS v USING (work_id)
        WHERE w.round_id = r.round_id AND v.again) AS reallocated,
       (SELECT count(*)::int FROM works AS w
        WHERE w.round_id = r.round_id AND (w.state = 'escalated' OR w.verdict IS NOT NULL)) AS escalated
FROM review_rounds AS r JOIN groups AS g USING (group_id)
WHERE r.state = 'reviewing'
  AND NOT EXISTS (SELECT FROM works AS w WHERE w.round_id = r.round_id AND w.state <> 'delivered')
ORDER BY r.round_id LIMIT 50 FOR UPDATE OF r

-- name: list_works
-- One's own; to whoever is asked those that need a word. Reviews have no name, and come in order of their scores.
SELECT w.work_id, w.round_id, w.author_id, w.title, w.link, w.state, w.verdict,
       CASE WHEN w.state <> 'submitted' THEN coalesce((
           SELECT jsonb_agg(jsonb_build_object('scores', v.scores, 'comment', v.comment) ORDER BY v.scores, v.comment)
           FROM reviews AS v WHERE v.work_id = w.work_id AND v.state = 'done'
       ), '[]') ELSE '[]' END AS reviews
FROM works AS w
WHERE w.round_id = $1 AND ($3::uuid IS NULL OR w.work_id > $3) AND (
    (w.author_id = $2 AND w.state <> 'escalated') OR (w.state = 'escalated' AND arbiter(w.work_id) = $2)
)
ORDER BY w.work_id LIMIT $4

-- name: forget
WITH reviews_gone AS (DELETE FROM reviews WHERE reviewer_id = ANY ($1::uuid[]))
DELETE FROM works WHERE author_id = ANY ($1::uuid[])
