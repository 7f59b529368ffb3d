// SPDX-License-Identifier: Apache-2.0

// A recorder on a folder of its own, and the vocabulary of its tests.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "control/recorder/recorder.h"

namespace estop::control {

inline constexpr std::chrono::seconds kDeadline{30};

// Starts something that answers through a callback and waits for that.
template <class T>
T await(const std::function<void(std::function<void(T)>)>& start) {
  auto promise = std::make_shared<std::promise<T>>();
  auto answer = promise->get_future();
  start([promise](T value) { promise->set_value(std::move(value)); });
  if (answer.wait_for(kDeadline) != std::future_status::ready) {
    throw std::runtime_error("no answer in time");
  }
  return answer.get();
}

// True as soon as `condition` is; false after the deadline.
bool eventually(const std::function<bool()>& condition);

// Keeps the recorder's thread in an answer until released.
class Hold {
 public:
  explicit Hold(Recorder& recorder);
  ~Hold() { release(); }
  void release();

 private:
  std::shared_ptr<std::promise<void>> gate_ = std::make_shared<std::promise<void>>();
  bool released_ = false;
};

class RecorderTest : public ::testing::Test {
 protected:
  RecorderTest();
  ~RecorderTest() override;

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] RecorderOptions options() const;
  Recorder& open();            // fails the test if it cannot
  std::string open_refused();  // the detail
  Recorder& reopen();          // closes first
  void close() { recorder_.reset(); }
  SQLite::Database raw(const std::string& sql = {});  // a foreign connection, after running `sql`

  schemas::Result<std::uint64_t> write_line(const std::string& detail,
                                            Urgency urgency = Urgency::kGroup);
  void write_lines(std::uint64_t count);  // in one go; "{n}" is the detail of the n-th
  std::vector<AuditRow> lines(AuditQuery query = {});
  AuditVerdict verify();
  schemas::StoreReply ask(schemas::StoreRequest request, const std::string& instance = "aaaaaaaa");
  schemas::Result<std::uint64_t> append(const schemas::SignedRecord& record,
                                        Urgency urgency = Urgency::kFirst,
                                        std::optional<AuditEntry> audit = std::nullopt);

  std::string folder_;
  std::uint32_t retry_ms_ = 10;
  std::unique_ptr<Recorder> recorder_;
};

AuditCut audit_beginning(Recorder& recorder);
schemas::Address mailer();
AuditEntry line(const std::string& detail, const std::string& kind = "note");
// A kill signed by a fixed key, following `before`.
schemas::SignedRecord kill_after(const schemas::SignedRecord& before, const std::string& op_id);

}  // namespace estop::control
