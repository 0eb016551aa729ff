-- What nobody has renewed for longest, groups to join, resources of a job, needs of the last month, plans of a format,
-- captures of a skill: found without reading everything there is.

CREATE INDEX knowledge_freshness ON knowledge ((coalesce(refreshed_on, greatest(written_on, verified_on))))
WHERE state = 'current' AND scope = 'everybody' AND kind IN ('resource', 'lesson');
CREATE INDEX knowledge_job ON knowledge (job_code) WHERE job_code IS NOT NULL;
CREATE INDEX groups_joinable ON groups (group_id) WHERE kind = 'founded' AND state = 'active' AND membership <> 'fixed';
CREATE INDEX need_counts_month ON need_counts (month, skill_id);
CREATE INDEX plans_format ON plans (format, plan_id) WHERE shared_on IS NOT NULL;
CREATE INDEX captures_skill ON captures (skill_id, capture_id);
