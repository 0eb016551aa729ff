-- Who was hired in a window is found without reading everybody.
CREATE INDEX membership_hired ON membership (hired_on);
