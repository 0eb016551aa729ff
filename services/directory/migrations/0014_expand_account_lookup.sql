-- Addresses are looked for with every request and written one account at a time: no list of pending entries to read.
ALTER INDEX accounts_emails SET (fastupdate = off);

-- Searched is what the identity system calls an employee number; a provisional one is ours alone.
DROP INDEX accounts_number;
CREATE INDEX accounts_number ON accounts (
    (lower(CASE WHEN starts_with(number, 'scim:') THEN NULL ELSE number END) COLLATE "C")
);
