-- The k that is set now: a month takes it when its first fact or answer comes, in the same transaction.
CREATE TABLE set_threshold (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    k   int NOT NULL CHECK (k >= 3)
);
