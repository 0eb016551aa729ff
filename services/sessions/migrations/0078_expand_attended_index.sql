-- Who took part in a session, read from the index alone: how many have taken part in a programme is counted by it.

CREATE INDEX participants_attended ON participants (session_id, person_id) WHERE state = 'attended';
