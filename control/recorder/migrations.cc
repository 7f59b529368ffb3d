// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/migrations.h"

#include <array>

namespace estop::control {
namespace {

// `INSERT OR REPLACE` deletes without firing delete triggers, so what must not be replaced is
// guarded on insert as well.
constexpr const char* kFirst = R"sql(
CREATE TABLE records (
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL CHECK (seq > 0),
  term INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  op_id TEXT NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  frame BLOB NOT NULL,
  PRIMARY KEY (epoch, seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER records_no_update BEFORE UPDATE ON records
BEGIN SELECT RAISE(ABORT, 'a record never changes'); END;
CREATE TRIGGER records_no_delete BEFORE DELETE ON records
BEGIN SELECT RAISE(ABORT, 'a record is never deleted'); END;
CREATE TRIGGER records_no_replace BEFORE INSERT ON records
WHEN EXISTS (SELECT 1 FROM records WHERE epoch = NEW.epoch AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'a record is never replaced'); END;

CREATE TABLE audit (
  number INTEGER PRIMARY KEY CHECK (number > 0),
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  subject TEXT NOT NULL,
  op_id TEXT NOT NULL,
  detail TEXT NOT NULL,
  prev BLOB NOT NULL CHECK (length(prev) = 32),
  hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'an audit line never changes'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'an audit line is never deleted'); END;
CREATE TRIGGER audit_no_gap BEFORE INSERT ON audit
WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM audit)
  OR NEW.prev IS NOT coalesce((SELECT hash FROM audit WHERE number = NEW.number - 1), zeroblob(32))
BEGIN SELECT RAISE(ABORT, 'an audit line must follow the newest one'); END;

CREATE TABLE checkpoints (
  address TEXT NOT NULL,
  key TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version > 0),
  incarnation INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (address, key)
) STRICT;

CREATE TABLE effects (
  address TEXT NOT NULL,
  key TEXT NOT NULL,
  state INTEGER NOT NULL CHECK (state IN (1, 2)),
  instance TEXT NOT NULL,
  incarnation INTEGER NOT NULL,
  begun_at_ms INTEGER NOT NULL,
  finished_at_ms INTEGER,
  outcome BLOB,
  PRIMARY KEY (address, key),
  CHECK ((state = 2) = (outcome IS NOT NULL AND finished_at_ms IS NOT NULL))
) STRICT;
CREATE INDEX effects_begun ON effects (begun_at_ms) WHERE state = 1;

CREATE TABLE agents (
  address TEXT NOT NULL,
  instance TEXT NOT NULL,
  key BLOB NOT NULL CHECK (length(key) = 32),
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  first_seen_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL,
  has_left INTEGER NOT NULL CHECK (has_left IN (0, 1)),
  PRIMARY KEY (address, instance)
) STRICT, WITHOUT ROWID;
)sql";

// Two processes may bear the name of one instance. Who is known from before says hello again.
constexpr const char* kProcesses = R"sql(
DROP TABLE agents;
CREATE TABLE agents (
  address TEXT NOT NULL,
  instance TEXT NOT NULL,
  process TEXT NOT NULL,
  key BLOB NOT NULL CHECK (length(key) = 32),
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  first_seen_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL,
  has_left INTEGER NOT NULL CHECK (has_left IN (0, 1)),
  PRIMARY KEY (address, instance, process)
) STRICT, WITHOUT ROWID;
-- What is past is forgotten by its age, of all addresses.
CREATE INDEX agents_past ON agents (last_seen_ms) WHERE has_left = 1;
)sql";

// The newest line that says what was cut away allows to delete that, and nothing else does.
constexpr const char* kCuts = R"sql(
CREATE INDEX audit_cuts ON audit (number) WHERE kind = 'audit-cut';
DROP TRIGGER audit_no_delete;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
WHEN OLD.number > coalesce((SELECT CAST(subject AS INTEGER) FROM audit
  WHERE kind = 'audit-cut' ORDER BY number DESC LIMIT 1), 0)
BEGIN SELECT RAISE(ABORT, 'an audit line is deleted only behind a cut'); END;
)sql";

constexpr const char* kOrders = R"sql(
CREATE INDEX audit_ops ON audit (op_id) WHERE op_id <> '';
)sql";

// Of kills and resumes, so that one is found by its op id, and the resume that lifted a kill by its
// scope. Records that are there already are entered at the first open.
constexpr const char* kOrdersOfLog = R"sql(
CREATE TABLE orders (
  op_id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  scope TEXT NOT NULL,
  PRIMARY KEY (op_id, epoch, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_of_scope ON orders (scope, kind, epoch, seq);
)sql";

// What a snapshot made needless may go, and nothing else.
constexpr const char* kLogBegins = R"sql(
CREATE TABLE log_begins (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL
) STRICT;
INSERT INTO log_begins (id, epoch, seq) VALUES (1, 0, 0);
DROP TRIGGER records_no_delete;
CREATE TRIGGER records_no_delete BEFORE DELETE ON records
WHEN (OLD.epoch, OLD.seq) >= (SELECT epoch, seq FROM log_begins)
BEGIN SELECT RAISE(ABORT, 'a record is deleted only behind a snapshot'); END;
)sql";

constexpr std::array<const char*, 6> kMigrations{kFirst,  kProcesses,   kCuts,
                                                 kOrders, kOrdersOfLog, kLogBegins};

}  // namespace

std::span<const char* const> migrations() noexcept {
  return kMigrations;
}

}  // namespace estop::control
