-- The same statements run on SQLite and on PostgreSQL. Times are microseconds since 1970 in UTC, so that both keep and
-- compare them alike. Data from outside is BYTEA: scripts write bytes that are no text.

-- +goose Up

-- Designs by the digest of their canonical form. Rows are never changed.
CREATE TABLE designs (
    digest    TEXT   NOT NULL PRIMARY KEY,
    site      TEXT   NOT NULL,
    canonical BYTEA  NOT NULL,
    added     BIGINT NOT NULL
);

-- One row per site: which design is current, and which task holds it. An empty lock_task is an open lock. Current
-- design and lock share a row so that one statement decides over both.
CREATE TABLE sites (
    site       TEXT   NOT NULL PRIMARY KEY,
    design     TEXT   NOT NULL REFERENCES designs (digest),
    set_by     TEXT   NOT NULL,
    set_at     BIGINT NOT NULL,
    lock_task  TEXT   NOT NULL DEFAULT '',
    lock_since BIGINT NOT NULL DEFAULT 0
);

-- The build model of a node, as JSON.
CREATE TABLE builds (
    site    TEXT   NOT NULL,
    node    TEXT   NOT NULL,
    model   TEXT   NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (site, node)
);

-- Raw evidence about nodes. The id is a digest of all that makes an element what it is, so that an activity that is
-- repeated adds nothing twice.
CREATE TABLE evidence (
    id          TEXT   NOT NULL PRIMARY KEY,
    site        TEXT   NOT NULL,
    node        TEXT   NOT NULL,
    task        TEXT   NOT NULL,
    generator   TEXT   NOT NULL,
    data_format TEXT   NOT NULL,
    data        BYTEA  NOT NULL,
    size        BIGINT NOT NULL,
    collected   BIGINT NOT NULL,
    added       BIGINT NOT NULL
);
CREATE INDEX evidence_of_node ON evidence (node, site, collected);
CREATE INDEX evidence_of_task ON evidence (task, collected);

-- What an action has begun and must not begin twice.
CREATE TABLE journal (
    workflow_id TEXT   NOT NULL,
    run_id      TEXT   NOT NULL,
    activity_id TEXT   NOT NULL,
    topic       TEXT   NOT NULL,
    note        BYTEA  NOT NULL,
    noted       BIGINT NOT NULL,
    PRIMARY KEY (workflow_id, run_id, activity_id, topic)
);
