-- Why somebody leads was said of those sessions chose themselves, and of matching's only when they took over.
UPDATE groups SET facilitator_why = 'Chosen by matching: above nobody in the group'
WHERE match_id IS NOT NULL AND facilitator_id IS NOT NULL AND facilitator_why IS NULL;

UPDATE sessions AS s SET facilitator_why = g.facilitator_why FROM groups AS g
WHERE g.group_id = s.group_id AND g.match_id IS NOT NULL AND s.state = 'scheduled' AND s.facilitator_why IS NULL
  AND s.facilitator_id = g.facilitator_id;
