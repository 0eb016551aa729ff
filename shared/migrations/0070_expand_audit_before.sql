-- What stood before a change is what the last line of the same object came to, if that is the version the caller had
-- seen: its digest, behind that version. plpgsql keeps the plan for as long as the connection lives.

CREATE FUNCTION audited_before(what text, seen text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN nullif(concat_ws(' ', seen, (
        SELECT substring(said.after FROM ' ([0-9a-f]+)$')
        FROM (SELECT after FROM audit WHERE object = what ORDER BY at DESC, id DESC LIMIT 1) AS said
        WHERE seen IS NULL OR starts_with(said.after, seen || ' ')
    )), '');
END $$;
COMMENT ON FUNCTION audited_before IS 'The version that a caller had seen of an object, with the digest of that state where the trail has one.';
