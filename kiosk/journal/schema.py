"""The journal's tables: one chain that only grows, and what is derived from it in the same commit."""

from __future__ import annotations

from typing import Final

VERSION: Final = 1

TABLES: Final = """
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE event (
    number    INTEGER PRIMARY KEY CHECK (number > 0),
    visit     TEXT NOT NULL CHECK (length(visit) BETWEEN 1 AND 64),
    seq       INTEGER NOT NULL CHECK (seq > 0),
    kind      TEXT NOT NULL CHECK (kind GLOB '[a-z]*' AND length(kind) <= 64),
    body      TEXT NOT NULL CHECK (json_valid(body)),
    wall      TEXT NOT NULL CHECK (length(wall) = 24),
    mono_ns   INTEGER NOT NULL,
    prev_hash BLOB NOT NULL CHECK (length(prev_hash) = 32),
    hash      BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    UNIQUE (visit, seq)
) STRICT;

CREATE TABLE head (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL CHECK (number >= 0),
    hash   BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TABLE visit (
    visit   TEXT PRIMARY KEY,
    service TEXT NOT NULL,
    case_no TEXT NOT NULL,
    opened  TEXT NOT NULL,
    outcome TEXT CHECK (outcome IN ('delivered', 'refunded', 'escalated', 'cancelled', 'refused')),
    reason  TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX visit_open ON visit (visit) WHERE outcome IS NULL;

CREATE TABLE effect (
    number INTEGER PRIMARY KEY REFERENCES event (number),
    visit  TEXT NOT NULL REFERENCES visit (visit),
    kind   TEXT NOT NULL,
    key    TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 96),
    state  TEXT NOT NULL CHECK (state IN ('intended', 'done', 'failed', 'unknown', 'compensated')),
    before TEXT NOT NULL CHECK (json_valid(before)),
    after  TEXT NOT NULL CHECK (json_valid(after)),
    UNIQUE (kind, key)
) STRICT;
CREATE INDEX effect_visit ON effect (visit);
CREATE INDEX effect_open ON effect (number) WHERE state IN ('intended', 'unknown');

CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL CHECK (value > 0)
) STRICT;

CREATE TABLE outbox (
    ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
    id      TEXT NOT NULL UNIQUE,
    kind    TEXT NOT NULL,
    case_no TEXT NOT NULL,
    at      TEXT NOT NULL,
    body    TEXT NOT NULL CHECK (json_valid(body)),
    refused TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX outbox_waiting ON outbox (ordinal) WHERE refused = '';

CREATE TRIGGER event_no_update BEFORE UPDATE ON event
BEGIN SELECT RAISE (ABORT, 'the journal only grows'); END;

CREATE TRIGGER event_no_delete BEFORE DELETE ON event
BEGIN SELECT RAISE (ABORT, 'the journal only grows'); END;

CREATE TRIGGER event_next BEFORE INSERT ON event
WHEN NEW.number <> (SELECT number + 1 FROM head) OR NEW.prev_hash <> (SELECT hash FROM head)
BEGIN SELECT RAISE (ABORT, 'an event must follow the head'); END;

CREATE TRIGGER effect_no_delete BEFORE DELETE ON effect
BEGIN SELECT RAISE (ABORT, 'an effect is never forgotten'); END;

CREATE TRIGGER visit_no_delete BEFORE DELETE ON visit
BEGIN SELECT RAISE (ABORT, 'a visit is never forgotten'); END;

CREATE TRIGGER counter_grows BEFORE UPDATE ON counter WHEN NEW.value <= OLD.value
BEGIN SELECT RAISE (ABORT, 'a counter only grows'); END;
"""
