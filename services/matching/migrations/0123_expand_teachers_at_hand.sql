-- Who offers a skill at its level or above and has a language in common; of each skill up to `most`, drawn from the
-- asker's lot on, so that a rare one is read whole beside a common one. Once round: what is missing at the end of the
-- order is read from its beginning. `within` is where they have to be, all of it. What is not packed yet is made here.
-- A function, for its plan: planned for each question anew it takes longer to plan than to answer.
CREATE FUNCTION teachers_at_hand(asker uuid, skills text[], levels int[], languages text[], within bytea[], most int)
RETURNS TABLE (need int, all_profiles bytea, all_marks bytea)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT wanted.place::int, string_agg(drawn.profile, ''), string_agg(drawn.marks, '')
    FROM unnest(skills, levels) WITH ORDINALITY AS wanted (skill_id, level, place)
    CROSS JOIN LATERAL (
        SELECT DISTINCT ON (near.again, near.lot, near.person_id)
            coalesce(near.profile, (
                SELECT offer_profile(person, near.level) FROM people AS person WHERE person.person_id = near.person_id
            )) AS profile,
            coalesce(near.marks, (
                SELECT offer_marks(person) FROM people AS person WHERE person.person_id = near.person_id
            )) AS marks
        FROM unnest(languages) AS spoken (language)
        CROSS JOIN LATERAL (
            WITH onwards AS MATERIALIZED (
                SELECT offer.lot, offer.person_id, offer.level, offer.profile, offer.marks FROM skill_offers AS offer
                WHERE offer.skill_id = wanted.skill_id AND offer.language = spoken.language
                    AND offer.lot >= uuid_hash_extended(asker, 1) AND offer.level >= wanted.level
                    AND offer.person_id <> asker AND (cardinality(within) = 0 OR NOT EXISTS (
                        SELECT FROM unnest(within) AS place (mark)
                        WHERE position(place.mark IN coalesce(offer.places, (
                            SELECT offer_places(person) FROM people AS person WHERE person.person_id = offer.person_id
                        ))) = 0
                    ))
                ORDER BY offer.lot, offer.person_id LIMIT most
            )
            SELECT false AS again, * FROM onwards
            UNION ALL
            (SELECT true, offer.lot, offer.person_id, offer.level, offer.profile, offer.marks
             FROM skill_offers AS offer
             WHERE offer.skill_id = wanted.skill_id AND offer.language = spoken.language
                AND offer.lot < uuid_hash_extended(asker, 1) AND offer.level >= wanted.level
                AND offer.person_id <> asker AND (cardinality(within) = 0 OR NOT EXISTS (
                    SELECT FROM unnest(within) AS place (mark)
                    WHERE position(place.mark IN coalesce(offer.places, (
                        SELECT offer_places(person) FROM people AS person WHERE person.person_id = offer.person_id
                    ))) = 0
                ))
             ORDER BY offer.lot, offer.person_id LIMIT most - (SELECT count(*) FROM onwards))
        ) AS near
        ORDER BY near.again, near.lot, near.person_id LIMIT most
    ) AS drawn
    GROUP BY wanted.place;
END $$;
