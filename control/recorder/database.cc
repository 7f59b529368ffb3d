// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <cstdint>

#include "broker-bridge/daemon/files.h"
#include "control/recorder/migrations.h"

namespace estop::control {
namespace {

using schemas::Errc;
using schemas::Error;
using schemas::Result;

constexpr int kFormerSchema = 1;      // the only one of version 1 of the protocol
constexpr int kLogPages_due = 2'000;  // 8 MiB
constexpr std::int64_t kCheckPages_max =
    16'384;  // 64 MiB: above, start-up does not read every page

// recursive_triggers: only with it do delete triggers fire for what REPLACE deletes (on this
// connection; others meet the insert triggers). wal_autocheckpoint 0: see checkpoint_if_due.
constexpr const char* kSettings = R"sql(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA recursive_triggers = ON;
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
PRAGMA journal_size_limit = 67108864;
)sql";
constexpr int kBusy_ms = 250;

int note_log_pages(void* pages, sqlite3* /*connection*/, const char* /*name*/, int now) {
  *static_cast<int*>(pages) = now;
  return SQLITE_OK;
}

Error unavailable(std::string detail) {
  return {Errc::kStoreUnavailable, std::move(detail)};
}

Error damaged(const std::string& path, const std::string& how) {
  return unavailable(fmt::format(
      "{} is damaged ({}): bring it back from a copy; without one move the folder away and start "
      "anew, the control log is then taken from the broker's stream",
      path, how));
}

}  // namespace

Error explain(const std::string& path, const SQLite::Exception& failure) {
  switch (failure.getErrorCode()) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return damaged(path, failure.what());
    case SQLITE_FULL:
      return unavailable(
          fmt::format("no space left for {}: free some, writing is tried again", path));
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return unavailable(fmt::format("{} cannot be written ({}): check owner, mode and file system",
                                     path, failure.what()));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return unavailable(fmt::format("another program holds {}: close it", path));
    default:
      return unavailable(fmt::format("cannot use {}: {} ({})", path, failure.what(),
                                     failure.getExtendedErrorCode()));
  }
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Former former) {
  // SQLite would make the file readable for everybody; its log files take over the mode of the main
  // one.
  if (!daemon::Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)).is_open()) {
    return daemon::file_failure(path, "cannot open");
  }
  std::unique_ptr<Database> database;
  try {
    database = std::make_unique<Database>(path);
    database->configure();
    if (auto checked = database->check_pages(); !checked) {
      return tl::make_unexpected(checked.error());
    }
    if (auto migrated = database->migrate(former); !migrated) {
      return tl::make_unexpected(migrated.error());
    }
  } catch (const SQLite::Exception& failure) {
    return tl::make_unexpected(explain(path, failure));
  }
  return database;
}

Database::Database(const std::string& path)
    : path_(path), connection_(path, SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX, kBusy_ms) {}

void Database::configure() {
  connection_.exec(kSettings);
  sqlite3_wal_hook(connection_.getHandle(), note_log_pages, &log_pages_);
}

Result<void> Database::migrate(Former former) {
  const auto known = migrations();
  const int owner = connection_.execAndGet("PRAGMA application_id").getInt();
  const int version = connection_.execAndGet("PRAGMA user_version").getInt();
  const bool empty = connection_.execAndGet("SELECT count(*) FROM sqlite_schema").getInt() == 0;
  if (!empty && owner != kApplicationId) {
    return tl::make_unexpected(unavailable(
        fmt::format("{} is a database, but not one of Estop: use another data folder", path_)));
  }
  if (version == kFormerSchema && former == Former::kRefused) {
    return tl::make_unexpected(
        unavailable(fmt::format("{} was written under version 1 of the protocol: begin a new data "
                                "folder with it, with `estop carry OLD NEW`",
                                path_)));
  }
  if (version < 0 || static_cast<std::size_t>(version) > known.size()) {
    return tl::make_unexpected(unavailable(fmt::format(
        "{} has schema version {}, this Estop knows {}: use the Estop that wrote it or a newer one",
        path_, version, known.size())));
  }
  for (std::size_t step = static_cast<std::size_t>(version); step < known.size(); ++step) {
    SQLite::Transaction transaction(connection_, SQLite::TransactionBehavior::IMMEDIATE);
    connection_.exec(known[step]);
    connection_.exec(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                 kApplicationId, step + 1));
    transaction.commit();
  }
  return {};
}

Result<void> Database::check_pages() {
  if (connection_.execAndGet("PRAGMA page_count").getInt64() > kCheckPages_max) return {};
  const std::string found = connection_.execAndGet("PRAGMA quick_check(1)").getString();
  if (found != "ok") return tl::make_unexpected(damaged(path_, found));
  return {};
}

void Database::checkpoint_if_due() noexcept {
  if (log_pages_ < kLogPages_due) return;
  log_pages_ = 0;  // on failure: once more after the next commit
  sqlite3_wal_checkpoint_v2(connection_.getHandle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr,
                            nullptr);
}

}  // namespace estop::control
