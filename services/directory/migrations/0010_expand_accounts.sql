-- Accounts and groups as an identity system provisions them over SCIM, beside what HR says.

CREATE TABLE accounts (
    account_id   uuid PRIMARY KEY,
    number       text NOT NULL UNIQUE,
    version      int NOT NULL,
    created_at   timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    removed_at   timestamptz,
    laid_over    boolean NOT NULL,
    resource     jsonb NOT NULL,
    worker       jsonb NOT NULL,
    manager_id   uuid,
    active       boolean NOT NULL,
    user_name    text,
    external_id  text,
    emails       text[] NOT NULL,
    display_name text,
    CHECK (removed_at IS NOT NULL OR user_name IS NOT NULL)
);
COMMENT ON COLUMN accounts.account_id IS 'The id of the person too, whether the person or the account came first.';
COMMENT ON COLUMN accounts.number IS 'The employee number, or a provisional one until it is known.';
COMMENT ON COLUMN accounts.removed_at IS 'Deprovisioned: the person counts as inactive until provisioned again.';
COMMENT ON COLUMN accounts.laid_over IS 'The resource holds only what differs from what HR says.';
COMMENT ON COLUMN accounts.worker IS 'What the resource says of a worker, in the words of HR''s events.';
COMMENT ON COLUMN accounts.emails IS 'Every address, in lower case.';
CREATE UNIQUE INDEX accounts_user_name ON accounts ((lower(user_name) COLLATE "C"));
CREATE INDEX accounts_external_id ON accounts ((external_id COLLATE "C"));
CREATE INDEX accounts_number ON accounts ((lower(number) COLLATE "C"));
CREATE INDEX accounts_display_name ON accounts ((lower(display_name) COLLATE "C"));
CREATE INDEX accounts_emails ON accounts USING gin (emails);
CREATE INDEX accounts_manager ON accounts (manager_id) WHERE manager_id IS NOT NULL;

CREATE TABLE erased_accounts (
    digest bytea PRIMARY KEY CHECK (length(digest) = 32)
);
COMMENT ON TABLE erased_accounts IS 'SHA-256 of names and addresses under which nobody may be provisioned again.';

CREATE TABLE groups (
    group_id     uuid PRIMARY KEY,
    version      int NOT NULL,
    created_at   timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    display_name text NOT NULL,
    external_id  text
);
COMMENT ON TABLE groups IS 'Roles: groups that an identity system provisions. Org units are groups as well, and stay where HR puts them.';
CREATE INDEX groups_display_name ON groups ((lower(display_name) COLLATE "C"));
CREATE INDEX groups_external_id ON groups ((external_id COLLATE "C"));

CREATE TABLE group_members (
    group_id  uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    member_id uuid NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('User', 'Group')),
    place     bigint NOT NULL,
    PRIMARY KEY (group_id, member_id)
);
CREATE INDEX group_members_member ON group_members (member_id);

ALTER TABLE people ADD COLUMN created_at timestamptz DEFAULT now(), ADD COLUMN changed_at timestamptz DEFAULT now();
COMMENT ON COLUMN people.changed_at IS 'When the row was last written.';

CREATE FUNCTION scim_user(p people) RETURNS jsonb LANGUAGE sql STABLE RETURN
    CASE WHEN p.person_id IS NULL THEN '{}'::jsonb ELSE jsonb_strip_nulls(jsonb_build_object(
        'schemas', jsonb_build_array(
            'urn:ietf:params:scim:schemas:core:2.0:User', 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
        ),
        'userName', p.email,
        'displayName', p.display_name,
        'name', jsonb_build_object('givenName', p.given_name, 'familyName', p.family_name),
        'emails', jsonb_build_array(jsonb_build_object('value', p.email, 'type', 'work', 'primary', true)),
        'title', p.job_title,
        'userType', p.employment_type,
        'locale', p.locale,
        'timezone', p.time_zone,
        'active', p.status <> 'left',
        'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User', jsonb_build_object(
            'employeeNumber', p.employee_number,
            'department', p.unit_code,
            'manager', CASE WHEN p.manager_id IS NOT NULL THEN jsonb_build_object('value', p.manager_id) END
        )
    )) END;
COMMENT ON FUNCTION scim_user IS 'A person HR has told of, as SCIM shows them to an identity system that has not.';
