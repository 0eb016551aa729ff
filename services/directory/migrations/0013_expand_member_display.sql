-- A member's name as the identity system writes it; it goes with the membership.

ALTER TABLE group_members ADD COLUMN display text;
