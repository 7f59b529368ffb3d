// SPDX-License-Identifier: Apache-2.0

// The hop between control's loop and the recorder's thread.
#include "control/app/recorder_desk.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <utility>  // before Asio 1.74, which uses std::exchange without it
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "broker-bridge/nats/asio_loop.h"
#include "control/core/log/log_entry.h"
#include "schemas/codec.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace estop::control {
namespace {

class Desk : public ::testing::Test {
 protected:
  Desk() : work(loop.get_executor()) { open(); }

  void open() {
    auto recorder = Recorder::open({.folder = folder.file("control")});
    desk = std::make_unique<RecorderDesk>(on_loop, std::move(recorder.value()),
                                          [this](const Event& e) {
                                            EXPECT_EQ(std::this_thread::get_id(), loop_thread);
                                            const auto* tail = std::get_if<AuditWritten>(&e);
                                            if (tail == nullptr) return events.push_back(e);
                                            for (const AuditRow& row : tail->rows)
                                              written.push_back(row.number);
                                          });
  }
  void store_kill(std::uint64_t seq) {
    schemas::Record record = draft_of(schemas::Kill{}, "k1", "alice");
    record.epoch = 1;
    record.seq = seq;
    record.prev = newest;
    record.reason = "broken link";
    const schemas::SignedRecord stored = schemas::sign_record(record, key).value();
    newest = stored.hash;
    desk->perform(StoreRecord{stored, audit_line({}, "kill", "alice", "*", "k1")});
  }
  [[nodiscard]] bool hears(std::size_t count) {
    return testing::wait_until([&] {
      loop.poll();
      return events.size() >= count;
    });
  }

  testing::TempDir folder;
  schemas::SigningKey key = schemas::SigningKey::generate(schemas::KeyRole::kAccount);
  boost::asio::io_context loop{1};
  nats::AsioLoop on_loop{loop};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  schemas::Hash newest{};
  std::thread::id loop_thread = std::this_thread::get_id();
  std::vector<Event> events;
  std::vector<std::uint64_t> written;  // the tail of the audit
  std::unique_ptr<RecorderDesk> desk;
};

TEST_F(Desk, AnswersComeOnTheLoopAndNameTheAuditLine) {
  desk->perform(WriteAudit{audit_line({}, "control-started", "control")});
  store_kill(1);
  ASSERT_TRUE(hears(1));
  const auto& stored = std::get<RecordStored>(events.front());
  EXPECT_TRUE(stored.result);
  EXPECT_GE(stored.audit_number, 1U);
}

// Each number was looked up in the audit; of more than 64 at a time the others came without one.
TEST_F(Desk, EachOfManyOrdersAtOnceIsToldItsOwnAuditLine) {
  constexpr std::uint64_t kOrders = 200;
  for (std::uint64_t seq = 1; seq <= kOrders; ++seq) store_kill(seq);
  ASSERT_TRUE(hears(kOrders));
  for (const Event& event : events) {
    const auto& stored = std::get<RecordStored>(event);
    EXPECT_EQ(stored.audit_number, stored.seq);
  }
}

TEST_F(Desk, TheTailOfTheAuditComesWholeAndInOrder) {
  constexpr std::uint64_t kLines = 300;
  for (std::uint64_t n = 1; n <= kLines; ++n) {
    desk->perform(WriteAudit{audit_line({}, "fenced", "control")});
    if (n % 10 == 0) store_kill(n / 10);
  }
  ASSERT_TRUE(testing::wait_until([&] {
    loop.poll();
    return written.size() >= kLines + kLines / 10;
  }));
  for (std::size_t i = 0; i < written.size(); ++i) EXPECT_EQ(written[i], i + 1);
}

TEST_F(Desk, AnOrderIsFoundByItsOpIdAlsoByTheNextControl) {
  store_kill(1);
  ASSERT_TRUE(hears(1));
  for (int life = 0; life < 2; ++life) {
    events.clear();
    desk->perform(FindOrder{7, "k1"});
    desk->perform(FindOrder{8, "k2"});
    ASSERT_TRUE(hears(2));
    const auto& known = std::get<OrderFound>(events[0]);
    EXPECT_EQ(known.lookup, 7U);
    ASSERT_TRUE(known.found && *known.found);
    EXPECT_EQ((*known.found)->record.hash, newest);
    EXPECT_EQ((*known.found)->audit_number, 1U);
    const auto& unknown = std::get<OrderFound>(events[1]);
    EXPECT_TRUE(unknown.found && !*unknown.found);
    desk.reset();
    open();
  }
}

TEST_F(Desk, DetailsAreReadOneAfterTheOther) {
  desk->perform(ReadDetails{schemas::Address::parse("acme/prod/x").value(), {}});
  ASSERT_TRUE(hears(1));
  EXPECT_TRUE(std::get<DetailsRead>(events.front()).begun);
}

TEST_F(Desk, WhatWasHandedOverIsDurableWhenTheDeskIsGoneAndNobodyIsCalled) {
  for (std::uint64_t seq = 1; seq <= 50; ++seq) store_kill(seq);
  desk->perform(ReadDetails{schemas::Address::parse("acme/prod/x").value(), {}});
  desk.reset();
  loop.poll();
  EXPECT_TRUE(events.empty());
  auto again = Recorder::open({.folder = folder.file("control")});
  ASSERT_TRUE(again) << again.error();
  EXPECT_GE(again.value()->stats().audit_head, 50U);
}

}  // namespace
}  // namespace estop::control
