-- Accounts that no employee number is known of.
CREATE INDEX accounts_alone ON accounts (account_id) WHERE starts_with(number, 'scim:') AND removed_at IS NULL;
