-- Where a programme's sessions are joined: one address for all, or one with {session} for each.
ALTER TABLE programmes ADD COLUMN join_template text;

CREATE FUNCTION join_link_of(own text, template text, session uuid) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(own, replace(template, '{session}', session::text)) $$;
