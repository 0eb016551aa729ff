-- Which edition of people's history this is: whoever remembers where people belonged asks only whether it is the same.

CREATE TABLE spans_edition (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    edition uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO spans_edition DEFAULT VALUES;

-- Random and not counted: two stores, or one that was restored, never have the same edition of different histories.
CREATE FUNCTION renew_spans_edition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE spans_edition SET edition = gen_random_uuid();
    RETURN NULL;
END $$;

CREATE TRIGGER spans_renewed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON spans
    FOR EACH STATEMENT EXECUTE FUNCTION renew_spans_edition();
CREATE TRIGGER erased_people_renewed AFTER INSERT OR DELETE OR TRUNCATE ON erased_people
    FOR EACH STATEMENT EXECUTE FUNCTION renew_spans_edition();
