// SPDX-License-Identifier: Apache-2.0

// Parts of a log's state.
#include <utility>

#include "schemas/codec_parts.h"
#include "schemas/log_state.h"

namespace estop::schemas {

Bytes encode(const StateEntries& entries) {
  ArrayWriter out(4);
  out.number(kVersion).list(entries.kills.size());
  for (const Bytes& kill : entries.kills) out.bin(kill);
  out.list(entries.lives.size());
  for (const auto& life : entries.lives) {
    out.list(2).text(life.scope.text()).number(life.incarnation);
  }
  out.list(entries.joined.size());
  for (const BridgeJoined& joined : entries.joined) {
    out.list(3).text(joined.bridge).text(joined.process).bin(joined.key);
  }
  return out.end();
}

template <>
Result<StateEntries> decode(std::string_view bytes) {
  ArrayReader in(bytes, 4, kSnapshotPartMax_bytes);
  StateEntries entries;
  entries.kills = in.bins(kFrameMax_bytes);
  entries.lives = in.list<StateEntries::Life>(2, [](ArrayReader& inner) {
    StateEntries::Life life;
    life.scope = read_scope(inner);
    life.incarnation = inner.number();
    return life;
  });
  entries.joined = in.list<BridgeJoined>(3, [](ArrayReader& inner) {
    BridgeJoined joined;
    joined.bridge = read_name(inner, kSegmentMax_bytes);
    joined.process = read_process(inner);
    joined.key = inner.bin(sizeof(PublicKey));
    return joined;
  });
  return in.finish(std::move(entries));
}

}  // namespace estop::schemas
