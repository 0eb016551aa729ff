-- What is told in batches is stored as shown, as what single people do is: which transaction brought a batch.
ALTER TABLE check_ins ADD COLUMN changed_by xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE pulses ADD COLUMN changed_by xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE surveys ADD COLUMN changed_by xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE survey_items ADD COLUMN changed_by xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE form_answers ADD COLUMN changed_by xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE facilitation ADD COLUMN changed_by xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE rounds ADD COLUMN changed_by xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE responses ADD COLUMN changed_by xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE TRIGGER responses_changer BEFORE UPDATE ON responses FOR EACH ROW EXECUTE FUNCTION name_changer();
COMMENT ON COLUMN released_sets.people IS
    'staff, newcomers, matches, hosts, facts, or a measure of answers: which people its numbers are about';

ALTER TABLE releases ADD COLUMN note text;
COMMENT ON COLUMN releases.note IS 'what a reader has to know of the number';

-- The parts that a measure of answers is made of, as they came: nobody can tell anything smaller apart. `persons` are
-- those whose answers count; where `lowest` is `highest` all said the same, and their sum tells what each one said.
CREATE FUNCTION answered_parts(measure text, first date, after date)
RETURNS TABLE (
    month date, unit_path text[], programme_id uuid, format text, persons int, lowest float8, highest float8,
    changed_by xid8
) LANGUAGE sql STABLE AS $$
    WITH told AS (
        SELECT month, division, programme_id, format, false AS by_programme, answers AS persons,
            CASE WHEN total = answers OR answers = ANY (at) THEN total / answers
                WHEN total = 5 * answers THEN 5 ELSE 1 END AS lowest,
            CASE WHEN total = answers OR answers = ANY (at) THEN total / answers ELSE 5 END AS highest,
            changed_by
        FROM feedback CROSS JOIN LATERAL (
            SELECT CASE measure WHEN 'relevance' THEN relevance WHEN 'engagement' THEN engagement ELSE usefulness END,
                CASE measure WHEN 'relevance' THEN relevance_at WHEN 'engagement' THEN engagement_at
                    ELSE usefulness_at END
        ) AS asked (total, at)
        WHERE measure IN ('usefulness', 'relevance', 'engagement', 'satisfied')
        UNION ALL
        SELECT month, division, programme_id, format, false, saving, least_saved, most_saved, changed_by
        FROM check_ins WHERE measure = 'minutes_saved'
        UNION ALL
        SELECT month, division, programme_id, format, false, answers, (applied = answers)::int, (applied > 0)::int,
            changed_by
        FROM check_ins
        WHERE measure IN ('scrap', 'transfer_depth')
            OR day = CASE WHEN measure LIKE 'transfer\___' THEN right(measure, 2)::int END
        UNION ALL
        SELECT month, division, programme_id, format, false, answers, 0,
            (array_remove(first_use_days, NULL) <> '{}')::int, changed_by
        FROM check_ins WHERE measure = 'days_to_first_use'
        UNION ALL
        SELECT month, division, programme_id, NULL, true, cardinality(means), lowest, highest, changed_by
        FROM pulses CROSS JOIN LATERAL (SELECT min(mean), max(mean) FROM unnest(means) AS mean) AS said (lowest, highest)
        WHERE measure IN ('safety', 'safety_agreement', 'belonging') AND theme = split_part(measure, '_', 1)
        UNION ALL
        SELECT month, division, programme_id, format, true, said.persons, lowest, highest, changed_by
        FROM form_answers CROSS JOIN LATERAL (SELECT count(mean)::int, min(mean), max(mean) FROM unnest(means) AS mean)
            AS said (persons, lowest, highest)
        WHERE measure = 'own_questions'
        UNION ALL
        SELECT month, division, programme_id, format, true, cardinality(recommended), lowest, highest, changed_by
        FROM form_answers CROSS JOIN LATERAL (
            SELECT min(CASE WHEN score >= 9 THEN 3 WHEN score >= 7 THEN 2 ELSE 1 END),
                max(CASE WHEN score >= 9 THEN 3 WHEN score >= 7 THEN 2 ELSE 1 END)
            FROM unnest(recommended) AS score
        ) AS said (lowest, highest)
        WHERE measure = 'nps'
        UNION ALL
        SELECT month, '', programme_id, NULL, true,
            CASE WHEN measure = 'retained_30' THEN kept WHEN measure LIKE '%\_gain' THEN gaining ELSE pairs END,
            CASE WHEN measure = 'retained_30' THEN least_kept WHEN measure LIKE '%\_gain' THEN (gain = gaining)::int
                ELSE least_change END,
            CASE WHEN measure = 'retained_30' THEN most_kept WHEN measure LIKE '%\_gain' THEN (gain <> 0)::int
                ELSE most_change END, changed_by
        FROM survey_items
        WHERE arm = CASE measure WHEN 'teacher_gain' THEN 'teachers' ELSE 'participants' END
            AND code = CASE WHEN measure IN ('normalised_gain', 'teacher_gain', 'retained_30') THEN 'knowledge'
                WHEN measure IN ('confidence_change', 'commitment_change') THEN split_part(measure, '_', 1) END
        UNION ALL
        SELECT month, '', programme_id, NULL, true, cardinality(means_before), lowest, highest, changed_by
        FROM surveys CROSS JOIN LATERAL (
            SELECT min(later - earlier), max(later - earlier)
            FROM unnest(means_before, means_after) AS pair (earlier, later)
        ) AS said (lowest, highest)
        WHERE measure LIKE 'behaviour\_%'
            AND arm IN ('participants', CASE measure WHEN 'behaviour_did' THEN 'waitlist' END)
        UNION ALL
        SELECT month, '', programme_id, NULL, true, asked, 0, 1, changed_by FROM rounds WHERE measure = 'unmatched_rate'
        UNION ALL
        SELECT month, '', programme_id, NULL, true, least(answers, (
                SELECT count(DISTINCT facilitator_id)::int FROM sessions AS done
                WHERE done.programme_id = rated.programme_id AND state = 'held'
                    AND starts_at >= month::timestamp AT TIME ZONE 'UTC'
                    AND starts_at < (month + interval '3 months') AT TIME ZONE 'UTC'
            )), rated.least, rated.most, changed_by
        FROM facilitation AS rated WHERE measure = 'facilitator_quality'
    )
    SELECT month, coalesce(path, ARRAY['', division]), told.programme_id, coalesce(told.format, programmes.format, ''),
        persons, lowest, highest, told.changed_by
    FROM told LEFT JOIN units ON code = division
    LEFT JOIN programmes ON programmes.programme_id = told.programme_id AND by_programme
    WHERE month >= first AND month < after AND persons > 0
$$;
