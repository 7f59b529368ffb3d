// SPDX-License-Identifier: Apache-2.0

// Every message but the intent: what is read is written and read again the same (H17, H30).
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "schemas/codec.h"
#include "schemas/log_state.h"
#include "schemas/order.h"
#include "schemas/pack.h"
#include "tests/fuzz/targets.h"
#include "tests/support/written.h"

namespace estop::fuzz {
namespace {

using schemas::Bytes;

// The key of the golden files: their frames are good here.
const schemas::SigningKey& key() {
  static const auto made = [] {
    std::array<std::uint8_t, 32> bytes{};
    for (std::uint8_t at = 0; at < 32; ++at) bytes[at] = at;
    return schemas::SigningKey::from_bytes(schemas::KeyRole::kUser, bytes);
  }();
  return made;
}

template <class M>
void plain(std::string_view bytes) {
  const auto first = schemas::decode<M>(bytes);
  if (!first) return;
  const auto second = schemas::decode<M>(testing::written(encode(*first)));
  require(second && *second == *first, "a message comes back as it was read");
}

void record(std::string_view frame) {
  const auto first = schemas::open_record(frame);
  if (!first) return;
  const auto made = schemas::sign_record(first->record, key()).value();
  const auto second = schemas::open_record(made.frame);
  require(second && second->record == first->record, "a record comes back as it was read");
  require(second->hash == made.hash && verify_record(*second, key().public_key()),
          "a record that was signed verifies");
}

void lease(std::string_view frame) {
  const auto first = schemas::open_lease(frame, key().public_key());
  if (!first) return;
  const auto second = schemas::open_lease(sign_lease(*first, key()).value(), key().public_key());
  require(second && *second == *first, "a lease comes back as it was read");
}

void receipt(std::string_view frame) {
  const auto first = schemas::read_receipt(frame);
  if (!first) return;
  const auto second = schemas::read_receipt(sign_receipt(*first, key()).value());
  require(second && *second == *first, "a receipt comes back as it was read");
}

void stopped(std::string_view frame) {
  const auto first = schemas::read_stopped(frame);
  if (!first) return;
  const auto second = schemas::read_stopped(sign_stopped(*first, key()).value());
  require(second && *second == *first, "a stopped receipt comes back as it was read");
}

void order(std::string_view frame) {
  const auto opened = schemas::open_order(frame);
  if (!opened) return;
  const auto verified = verify_order(*opened, key().public_key(), schemas::Subjects::standard());
  require(!verified, "nobody's order is vouched for");
}

// What a part of a snapshot says is written as parts that say the same.
void state(std::string_view part) {
  const auto first = schemas::LogState::from({Bytes(part)});
  if (!first) return;
  const auto parts = first->parts();
  const auto second = schemas::LogState::from(parts);
  require(second && second->parts() == parts, "a state comes back as it was read");
}

// The same readers behind a good signature, which no mutation finds: the input is the body.
template <void (*reader)(std::string_view)>
void sealed(std::string_view domain, std::string_view body) {
  const auto signature = key().sign(std::string(domain).append(body));
  reader(schemas::ArrayWriter(3, schemas::Tags::kNone)
             .number(schemas::kVersion)
             .bin(body)
             .fixed(signature)
             .end());
}

void sealed_record(std::string_view body) {
  sealed<record>("estop record 2\n", body);
}
void sealed_lease(std::string_view body) {
  sealed<lease>("estop lease 2\n", body);
}
void sealed_receipt(std::string_view body) {
  sealed<receipt>("estop receipt 2\n", body);
}
void sealed_stopped(std::string_view body) {
  sealed<stopped>("estop stopped 2\n", body);
}

// Seeds name the letter, so new ones come at the end.
constexpr void (*kReaders[])(std::string_view) = {
    record,
    lease,
    receipt,
    stopped,
    order,
    sealed_record,
    sealed_lease,
    sealed_receipt,
    sealed_stopped,
    plain<schemas::BridgeBeat>,
    plain<schemas::LogRead>,
    plain<schemas::LogReadReply>,
    plain<schemas::Hello>,
    plain<schemas::HelloReply>,
    plain<schemas::Beat>,
    plain<schemas::BeatReply>,
    plain<schemas::StoreRequest>,
    plain<schemas::StoreReply>,
    plain<schemas::StateEntries>,
    state,
};

}  // namespace

void messages(std::string_view input) {
  read_by_letter(kReaders, input);
}

}  // namespace estop::fuzz
