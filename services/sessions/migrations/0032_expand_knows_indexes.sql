-- Who else knows a skill, and who leaves soon.

CREATE INDEX people_knows ON people USING gin (knows);
CREATE INDEX people_leaving ON people (leaves_on) WHERE leaves_on IS NOT NULL;
