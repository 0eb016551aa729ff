-- Minutes that people say using what they learned has saved, of those who say so.
ALTER TABLE check_ins ADD COLUMN saving int NOT NULL DEFAULT 0;
ALTER TABLE check_ins ADD COLUMN minutes_saved int NOT NULL DEFAULT 0;
ALTER TABLE check_ins ADD COLUMN least_saved int;
ALTER TABLE check_ins ADD COLUMN most_saved int;
COMMENT ON COLUMN check_ins.saving IS 'answers that say how many minutes';
