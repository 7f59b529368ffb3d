// SPDX-License-Identifier: Apache-2.0

// The only connection to estop.db: opened with the settings on which durability rests, migrated and
// checked.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <memory>
#include <string>

#include "schemas/result.h"

namespace estop::control {

// The problem with the file at `path`, and what to do, as kStoreUnavailable.
[[nodiscard]] schemas::Error explain(const std::string& path, const SQLite::Exception& failure);

// Not thread-safe: one thread at a time. WAL, `synchronous=FULL` (a commit is on the disk when it
// returns).
class Database {
 public:
  // A database of version 1 of the protocol is refused and left unchanged, except to carry it over.
  enum class Former { kRefused, kCarried };
  // kStoreUnavailable: not writable, damaged, not Estop's, of version 1, or of a newer Estop.
  [[nodiscard]] static schemas::Result<std::unique_ptr<Database>> open(
      const std::string& path, Former former = Former::kRefused);

  [[nodiscard]] SQLite::Database& connection() noexcept { return connection_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  // Copies the write-ahead log back into the database if it has grown long. Never within a
  // transaction, and not by itself in a commit: the caller picks a moment when nobody waits. A
  // failure leaves the log longer and nothing else.
  void checkpoint_if_due() noexcept;

  explicit Database(const std::string& path);  // only opens: everybody else uses `open`

 private:
  void configure();
  [[nodiscard]] schemas::Result<void> migrate(Former former);
  [[nodiscard]] schemas::Result<void> check_pages();

  std::string path_;
  SQLite::Database connection_;
  int log_pages_ = 0;  // of the write-ahead log after the newest commit
};

}  // namespace estop::control
