-- What links to a file are signed with: each file's own, made with its first link and gone with the file.
ALTER TABLE exports ADD COLUMN link_key bytea CHECK (octet_length(link_key) = 32);
