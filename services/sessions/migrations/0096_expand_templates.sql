-- Templates of programmes, by version. Version 1 of a name the software knows is its own; a later one is the organization's.
CREATE TABLE programme_templates (
    name    text NOT NULL,
    version int NOT NULL CHECK (version > 0),
    title   text NOT NULL,
    purpose text NOT NULL,
    days    int NOT NULL CHECK (days > 0),
    goals   jsonb NOT NULL,
    fields  jsonb NOT NULL,
    PRIMARY KEY (name, version)
);

-- Which one a programme was made from.
ALTER TABLE programmes
    ADD COLUMN template         text,
    ADD COLUMN template_version int;
