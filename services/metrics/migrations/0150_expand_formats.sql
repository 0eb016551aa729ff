-- What may be asked for by format: what programmes have or had, whether anybody came or not. One that is taken off a
-- programme stays, for what was held of it is still counted.
CREATE TABLE formats (
    format text PRIMARY KEY
);
INSERT INTO formats SELECT format FROM programmes UNION SELECT format FROM participation_months;
