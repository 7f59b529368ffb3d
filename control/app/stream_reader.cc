// SPDX-License-Identifier: Apache-2.0
#include "control/app/stream_reader.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "schemas/codec.h"

namespace estop::control {

namespace {
constexpr nats::Millis kPatience{2'000};
constexpr std::size_t kInFlight = 64;
}  // namespace

struct StreamReader::Reading {
  StreamTail tail;
  std::uint64_t from = 0;
  std::vector<std::optional<schemas::SignedRecord>> records;
  std::size_t asked = 0;
  std::size_t got = 0;
  Done done;

  void fail(schemas::Error error) {
    if (!done) return;
    std::exchange(done, nullptr)(StreamRead{tl::make_unexpected(std::move(error))});
  }
  void finish() {
    for (auto& record : records) tail.records.push_back(std::move(*record));
    std::exchange(done, nullptr)(StreamRead{std::move(tail)});
  }
};

// Nothing is left in it then.
void StreamReader::empty(std::uint64_t begins, const std::shared_ptr<Reading>& reading) {
  stream_.purge(begins, kPatience, [reading](const schemas::Result<void>& purged) {
    if (!purged) return reading->fail(purged.error());
    reading->finish();
  });
}

void StreamReader::read(std::uint64_t from_seq, std::uint64_t begins, Done done) {
  auto reading = std::make_shared<Reading>();
  reading->done = std::move(done);
  stream_.ensure_stream(
      kPatience, [this, from_seq, begins, reading](schemas::Result<nats::StreamInfo> info) {
        if (!info) return reading->fail(info.error());
        // One that holds something is looked at first: it may be another's.
        const bool ends_before = info->last_seq + 1 < begins;
        if (ends_before && info->messages == 0) return empty(begins, reading);
        reading->tail.first_seq = info->first_seq;
        reading->tail.last_seq = info->last_seq;
        if (info->messages == 0) {
          reading->tail.last_seq = 0;
          return reading->finish();
        }
        reading->from = std::max(std::min(from_seq, info->last_seq), info->first_seq);
        reading->records.resize(info->last_seq - reading->from + 1);
        get_more(reading);
      });
}

void StreamReader::get_more(const std::shared_ptr<Reading>& reading) {
  while (reading->asked < reading->records.size() && reading->asked - reading->got < kInFlight) {
    const std::size_t index = reading->asked++;
    stream_.get(reading->from + index, kPatience,
                [this, reading, index](schemas::Result<std::string> frame) {
                  if (!reading->done) return;
                  if (!frame) return reading->fail(frame.error());
                  auto record = schemas::open_record(*frame);
                  if (!record) return reading->fail(record.error());
                  reading->records[index] = std::move(*record);
                  if (++reading->got == reading->records.size()) return reading->finish();
                  get_more(reading);
                });
  }
}

}  // namespace estop::control
