-- Who learns with whom, unit by unit: counted once for each month that is over. No row is about one person.

CREATE TABLE networks (
    month     date PRIMARY KEY,
    people    int NOT NULL,
    tied      int NOT NULL,
    isolated  int NOT NULL,
    connected int NOT NULL,
    units_met bigint NOT NULL,
    k         int NOT NULL CHECK (k >= 3),
    as_of     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN networks.connected IS 'people of the largest connected group';

CREATE TABLE network_cells (
    month        date NOT NULL REFERENCES networks,
    unit         text NOT NULL,
    other        text NOT NULL,
    staff        int NOT NULL,
    other_staff  int NOT NULL,
    people       int NOT NULL,
    other_people int NOT NULL,
    ties         int NOT NULL,
    met          int NOT NULL,
    new_ties     int NOT NULL,
    weight       float8 NOT NULL,
    PRIMARY KEY (month, unit, other)
);
COMMENT ON COLUMN network_cells.people IS 'people of `unit` with a tie into `other`';
COMMENT ON COLUMN network_cells.met IS 'ties with a session in the month itself';
