-- +goose Up

-- Which node of a site has the machine with a system UUID: two nodes never have the same. The UUID is one of the forms
-- that its bytes are written in, the same for all of them.
CREATE TABLE identities (
    site TEXT NOT NULL,
    uuid TEXT NOT NULL,
    node TEXT NOT NULL,
    PRIMARY KEY (site, uuid)
);
