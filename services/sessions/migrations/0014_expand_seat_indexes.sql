-- Seats taken and the end of the waitlist, found without reading everybody who was ever invited.

CREATE INDEX participants_seated ON participants (session_id) INCLUDE (role) WHERE state = 'registered';
CREATE INDEX participants_waiting ON participants (session_id, place) WHERE place IS NOT NULL;
