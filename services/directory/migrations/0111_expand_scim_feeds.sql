-- Event tokens tell of groups too; a subscriber may follow the members of one role alone; senders' own ids are known.

ALTER TABLE scim_events ADD COLUMN group_id uuid;
COMMENT ON COLUMN scim_events.group_id IS 'Which group it is about, where it is about no person.';

ALTER TABLE scim_subscribers ADD COLUMN feed_group uuid;
COMMENT ON COLUMN scim_subscribers.feed_group IS 'The role whose members it is told of; null: everybody.';

ALTER TABLE accounts ADD COLUMN sent_as text;
COMMENT ON COLUMN accounts.sent_as IS 'The id that the sender of event tokens has for it.';
CREATE INDEX accounts_sent_as ON accounts (sent_as) WHERE sent_as IS NOT NULL;

ALTER TABLE groups ADD COLUMN sent_as text;
COMMENT ON COLUMN groups.sent_as IS 'The id that the sender of event tokens has for it.';
CREATE INDEX groups_sent_as ON groups (sent_as) WHERE sent_as IS NOT NULL;
