-- Months whose facts are gone: their sums stay, and nothing that comes later may count into them again.

CREATE TABLE closed_months (
    month     date PRIMARY KEY,
    closed_at timestamptz NOT NULL DEFAULT now()
);

-- Drops the facts of months that ended before a day, whole partitions, without touching the roll-up. A month with
-- facts of somebody under a legal hold stays. Returns how many facts went.
CREATE FUNCTION close_months(before date) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    part text;
    month_of_part date;
    facts bigint;
    held boolean;
    total bigint := 0;
BEGIN
    PERFORM fold_months();
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'participations'::regclass AND c.relname ~ '^participations_\d{6}$' ORDER BY 1
    LOOP
        month_of_part := to_date(right(part, 6), 'YYYYMM');
        CONTINUE WHEN month_of_part + interval '1 month' > before;
        EXECUTE format('SELECT EXISTS (SELECT FROM %I JOIN legal_holds USING (person_id) WHERE held)', part) INTO held;
        CONTINUE WHEN held;
        EXECUTE format('SELECT count(*) FROM %I', part) INTO facts;
        INSERT INTO closed_months (month) VALUES (month_of_part) ON CONFLICT DO NOTHING;
        DELETE FROM session_months WHERE months = ARRAY[month_of_part];
        EXECUTE format('DROP TABLE %I', part);
        total := total + facts;
    END LOOP;
    RETURN total;
END $$;
