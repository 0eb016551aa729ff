-- One event may tell several dated states of a person: of those with one version, the later date follows the earlier.

CREATE OR REPLACE VIEW membership_spans AS
WITH known AS (
    SELECT *, max(version) OVER (
        PARTITION BY person_id ORDER BY valid_from ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS surpassed
    FROM membership
),
lasting AS (
    SELECT *, row_number() OVER by_date AS place, lead(valid_from, 1, 'infinity') OVER by_date AS valid_to
    FROM known
    WHERE surpassed IS NULL OR version >= surpassed
    WINDOW by_date AS (PARTITION BY person_id ORDER BY valid_from)
)
SELECT person_id, unit_path, status, valid_to,
    CASE WHEN place = 1 AND status <> 'prehire' THEN least(valid_from, hired_on) ELSE valid_from END AS valid_from
FROM lasting;

CREATE OR REPLACE FUNCTION unit_path_on(person uuid, day date) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT unit_path FROM membership WHERE person_id = person
        ORDER BY valid_from <= day DESC, CASE WHEN valid_from <= day THEN -version END,
            CASE WHEN valid_from <= day THEN day - valid_from END, valid_from
        LIMIT 1
    ), '{}')
$$;
