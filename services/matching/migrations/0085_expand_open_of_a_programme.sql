-- What is still open of a programme: it ends with it.
CREATE INDEX matches_open_of_programme ON matches (programme_id, match_id)
    WHERE state IN ('proposed', 'accepted', 'formed');
