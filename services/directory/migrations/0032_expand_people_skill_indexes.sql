-- Who is touched when a skill is merged or a job asks for something else.
CREATE INDEX people_needs ON people USING gin (needs jsonb_path_ops);
CREATE INDEX people_proficiencies ON people USING gin (proficiencies jsonb_path_ops);
CREATE INDEX people_job_code ON people (job_code);
