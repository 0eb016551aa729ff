-- Forget people in what keeps learning going.

-- name: count_rows
SELECT person_id, count(*)::int AS held FROM (
    SELECT person_id FROM accommodations UNION ALL SELECT person_id FROM poll_votes
    UNION ALL SELECT person_id FROM extra_support UNION ALL SELECT author_id FROM plans UNION ALL SELECT asked_by FROM polls
    UNION ALL SELECT person_id FROM onboarding_ticks UNION ALL SELECT person_id FROM course_questions
) AS held WHERE person_id = ANY ($1::uuid[]) GROUP BY person_id

-- name: forget
WITH votes_gone AS (DELETE FROM poll_votes WHERE person_id = ANY ($1::uuid[])),
    support_gone AS (DELETE FROM extra_support WHERE person_id = ANY ($1::uuid[])),
    ticks_gone AS (DELETE FROM onboarding_ticks WHERE person_id = ANY ($1::uuid[])),
    questions_gone AS (DELETE FROM course_questions WHERE person_id = ANY ($1::uuid[])),
    authors_gone AS (UPDATE plans SET author_id = NULL WHERE author_id = ANY ($1::uuid[])),
    askers_gone AS (UPDATE polls SET asked_by = NULL WHERE asked_by = ANY ($1::uuid[]))
DELETE FROM accommodations WHERE person_id = ANY ($1::uuid[])
