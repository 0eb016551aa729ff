-- An address in a chat counts once whoever is there has said that it is theirs: 'slack U1'. Those of before are taken as
-- confirmed. The question is a kind of message of its own; NOT VALID takes no scan under the lock.
ALTER TABLE preferences ADD COLUMN confirmed_address text;
UPDATE preferences SET confirmed_address = channel || ' ' || chat_address WHERE chat_address IS NOT NULL;

ALTER TABLE messages DROP CONSTRAINT messages_kind_check;
ALTER TABLE messages ADD CONSTRAINT messages_kind_check CHECK (kind IN (
    'invitation', 'cancellation', 'reply_refused', 'reminder', 'nudge', 'prompt', 'digest', 'notice', 'seat',
    'free_seat', 'confirmation'
)) NOT VALID;
ALTER TABLE messages VALIDATE CONSTRAINT messages_kind_check;
