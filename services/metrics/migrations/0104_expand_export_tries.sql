-- A file that waits for what is still being counted, or cannot be made, holds up no other.
ALTER TABLE exports
    ADD COLUMN tried_at timestamptz,
    ADD COLUMN failed boolean NOT NULL DEFAULT false;
