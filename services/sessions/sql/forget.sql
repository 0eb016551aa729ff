-- Forget people in all that reaches them and asks them.

-- name: count_rows
SELECT person_id, count(*)::int AS held FROM (
    SELECT person_id FROM invitations UNION ALL SELECT person_id FROM messages
    UNION ALL SELECT person_id FROM preferences UNION ALL SELECT person_id FROM calendar_replies
    UNION ALL SELECT person_id FROM chat_answers
    UNION ALL SELECT person_id FROM prompts
    UNION ALL SELECT author_id FROM notes UNION ALL SELECT person_id FROM concern_contacts
    UNION ALL SELECT person_id FROM concerns UNION ALL SELECT contact_id FROM concerns
    UNION ALL SELECT person_id FROM questions_asked
    UNION ALL SELECT facilitator_id FROM facilitation_batches
    UNION ALL SELECT author_id FROM works UNION ALL SELECT reviewer_id FROM reviews
) AS held WHERE person_id = ANY ($1::uuid[]) GROUP BY person_id

-- name: forget
WITH invitations_gone AS (DELETE FROM invitations WHERE person_id = ANY ($1::uuid[])),
    messages_gone AS (DELETE FROM messages WHERE person_id = ANY ($1::uuid[])),
    answers_gone AS (DELETE FROM chat_answers WHERE person_id = ANY ($1::uuid[])),
    prompts_gone AS (DELETE FROM prompts WHERE person_id = ANY ($1::uuid[])),
    ratings_forgotten AS (
        UPDATE facilitation_batches SET facilitator_id = NULL WHERE facilitator_id = ANY ($1::uuid[])
    ),
    ratings_gone AS (DELETE FROM answer_cells WHERE kind = 'facilitation' AND topic = ANY ($1::uuid[]::text[])),
    replies_gone AS (DELETE FROM calendar_replies WHERE person_id = ANY ($1::uuid[]))
DELETE FROM preferences WHERE person_id = ANY ($1::uuid[])
