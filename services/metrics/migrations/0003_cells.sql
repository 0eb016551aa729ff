-- How facts fall into the cells of a table.

-- The unit just below `inside` on a path, or below the root; whoever sits in `inside` itself stays there.
CREATE FUNCTION unit_below(path text[], inside text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(path[coalesce(array_position(path, inside), 1) + 1], path[cardinality(path)], '')
$$;

CREATE FUNCTION cell_of(by text, path text[], inside text, programme uuid, format text, month date)
RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE by
        WHEN 'unit' THEN unit_below(path, inside)
        WHEN 'programme' THEN programme::text
        WHEN 'format' THEN format
        WHEN 'month' THEN to_char(month, 'YYYY-MM')
        ELSE ''
    END
$$;

CREATE FUNCTION month_of(at timestamptz) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT date_trunc('month', at AT TIME ZONE 'UTC')::date
$$;
