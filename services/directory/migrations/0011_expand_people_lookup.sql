-- SCIM compares without case; "C" serves equality, prefixes and order alike.

CREATE INDEX people_email_lower ON people ((lower(email) COLLATE "C"));
CREATE INDEX people_number_lower ON people ((lower(employee_number) COLLATE "C"));
CREATE INDEX people_display_name_lower ON people ((lower(display_name) COLLATE "C"));
CREATE INDEX units_group_id ON units ((md5('unit:' || code)::uuid));
