// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/store.h"

#include <sys/stat.h>

#include <filesystem>

#include "broker-bridge/daemon/boot_clock.h"
#include "broker-bridge/daemon/files.h"
#include "control/recorder/audit_scan.h"
#include "control/recorder/folder_lock.h"

namespace estop::control {
namespace {

using schemas::Errc;
using schemas::Result;

constexpr std::uint64_t kTail_rows = 1'000;  // of each chain, verified at every start

Result<void> make_folder(const std::string& folder) {
  if (folder.empty()) return schemas::fail(Errc::kBadArgument, "the recorder needs a folder");
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return {};
  std::filesystem::create_directories(folder, error);
  if (error || ::chmod(folder.c_str(), 0700) != 0) {
    return daemon::file_failure(folder, "cannot make the folder");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<RecorderStore>> RecorderStore::open(const std::string& folder) {
  if (auto made = make_folder(folder); !made) return tl::make_unexpected(made.error());
  auto lock = hold_folder(folder);
  if (!lock) return tl::make_unexpected(lock.error());
  const std::string path = folder + "/estop.db";
  auto database = Database::open(path);
  if (!database) return tl::make_unexpected(database.error());
  try {
    auto store = std::make_unique<RecorderStore>(std::move(*lock), std::move(*database),
                                                 AuditAnchor(folder));
    if (auto checked = store->check_tails(); !checked) return tl::make_unexpected(checked.error());
    store->enter_orders();
    return store;
  } catch (const SQLite::Exception& failure) {
    return tl::make_unexpected(explain(path, failure));
  }
}

RecorderStore::RecorderStore(daemon::FileLock lock, std::unique_ptr<Database> database,
                             AuditAnchor anchor)
    : lock_(std::move(lock)),
      database_(std::move(database)),
      anchor_(std::move(anchor)),
      audit(database_->connection()),
      records(database_->connection()),
      sweep(database_->connection(), records),
      checkpoints(database_->connection()),
      effects(database_->connection()),
      agents(database_->connection()) {}

Result<void> RecorderStore::transact(const std::function<void()>& work) {
  try {
    SQLite::Transaction transaction(database_->connection(),
                                    SQLite::TransactionBehavior::IMMEDIATE);
    work();
    transaction.commit();
    audit.committed();
    return {};
  } catch (const SQLite::Exception& failure) {
    audit.rolled_back();
    effects.rolled_back();
    return tl::make_unexpected(explain(database_->path(), failure));
  }
}

Result<void> RecorderStore::read(const std::function<void()>& work) {
  try {
    work();
    return {};
  } catch (const SQLite::Exception& failure) {
    return tl::make_unexpected(explain(database_->path(), failure));
  }
}

// A disk that is full is no reason not to start: then old orders are not found until the next one.
void RecorderStore::enter_orders() {
  if (!records.lacks_orders()) return;
  Result<void> entered;
  const auto done = transact([&] { entered = records.enter_orders(); });
  records.has_orders(done && entered);
}

Result<void> RecorderStore::check_tails() {
  if (auto checked = check_audit(); !checked) return checked;
  auto loaded = records.load(kTail_rows);
  if (!loaded) return schemas::fail(Errc::kStoreUnavailable, loaded.error().detail);
  return {};
}

Result<void> RecorderStore::check_audit() {
  auto anchor = anchor_.read();
  if (!anchor) return schemas::fail(Errc::kStoreUnavailable, anchor.error().detail);
  const std::uint64_t head = audit.head().number;
  AuditVerification tail(audit, *anchor, head > kTail_rows ? head - kTail_rows : 0);
  while (!tail.step()) {
  }
  if (!tail.verdict().ok) {
    return schemas::fail(Errc::kStoreUnavailable,
                         "the audit in " + database_->path() +
                             " is damaged: " + tail.verdict().problem +
                             ". Bring back the newest copy of the folder. Without one: where rows "
                             "are missing at the "
                             "end, move " +
                             anchor_.path() +
                             " away, which goes on record; where a row was changed, "
                             "move the folder away and start anew");
  }
  if (*anchor) {
    anchored_ = (*anchor)->number;
    return {};
  }
  if (head > 0) {
    const AuditEntry line{"anchor-missing", "recorder", "", "", "{}", daemon::wall_ms()};
    if (auto noted = transact([&] { audit.append(line); }); !noted) return noted;
  }
  return move_anchor();
}

Result<void> RecorderStore::move_anchor() {
  const ChainHead head = audit.head();
  auto written = anchor_.write(head);
  if (written) anchored_ = head.number;
  return written;
}

}  // namespace estop::control
