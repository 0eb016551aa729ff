-- What people have been through, in the organization's tags. Nullable: code from before does not write it.
ALTER TABLE people ADD COLUMN experience text[];
