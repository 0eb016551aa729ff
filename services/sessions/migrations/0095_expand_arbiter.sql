-- Who has a word on a disputed work: whoever runs the group, or else somebody who is no party to it. Never its author.
CREATE FUNCTION arbiter(disputed uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT asked.person_id
    FROM works AS w JOIN review_rounds AS r USING (round_id) JOIN groups AS g USING (group_id)
    JOIN programmes AS p USING (programme_id)
    CROSS JOIN LATERAL (
        SELECT g.facilitator_id AS person_id, 0 AS place
        UNION ALL SELECT g.founded_by, 1
        UNION ALL SELECT m.person_id, CASE m.role WHEN 'teacher' THEN 2 ELSE 3 END
        FROM group_members AS m WHERE m.group_id = g.group_id
        UNION ALL SELECT p.sponsor_id, 4 WHERE p.confidentiality <> 'closed'
    ) AS asked
    WHERE w.work_id = disputed AND asked.person_id <> w.author_id
      AND EXISTS (SELECT FROM people AS t WHERE t.person_id = asked.person_id AND t.status = 'active')
    ORDER BY asked.place > 0 AND EXISTS (
        SELECT FROM reviews AS v WHERE v.work_id = w.work_id AND v.reviewer_id = asked.person_id AND v.state = 'done'
    ), asked.place, asked.person_id
    LIMIT 1
$$;
