-- What a review was concluded from, as it was shown: what comes later does not change it.
ALTER TABLE reviews ADD COLUMN measured jsonb;
