// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/checkpoint_table.h"

#include <fmt/format.h>

#include "schemas/limits.h"

namespace estop::control {

using schemas::Errc;
using schemas::StoreReply;
using schemas::StoreRequest;

namespace {

StoreReply refusal(Errc code, std::string detail, std::uint64_t version = 0) {
  StoreReply reply;
  reply.code = code;
  reply.detail = std::move(detail);
  reply.version = version;
  return reply;
}

}  // namespace

std::optional<StoreReply> refuse_key(const std::string& key) {
  if (key.empty()) return refusal(Errc::kBadArgument, "the key is empty");
  if (key.size() > schemas::kKeyMax_bytes) {
    return refusal(Errc::kTooLarge, fmt::format("the key has {} bytes, {} are allowed", key.size(),
                                                schemas::kKeyMax_bytes));
  }
  return std::nullopt;
}

CheckpointTable::CheckpointTable(SQLite::Database& connection)
    : version_(connection, "SELECT version FROM checkpoints WHERE address = ? AND key = ?"),
      count_(connection, "SELECT count(*) FROM checkpoints WHERE address = ?"),
      put_(connection,
           "INSERT INTO checkpoints (address, key, version, incarnation, at_ms, bytes)"
           " VALUES (?,?,?,?,?,?) ON CONFLICT (address, key) DO UPDATE SET"
           " version = excluded.version, incarnation = excluded.incarnation,"
           " at_ms = excluded.at_ms, bytes = excluded.bytes"),
      get_(connection, "SELECT version, bytes FROM checkpoints WHERE address = ? AND key = ?"),
      list_(connection,
            "SELECT key, version, length(bytes) FROM checkpoints WHERE address = ? ORDER BY key") {}

StoreReply CheckpointTable::put(const std::string& address, const StoreRequest& request,
                                std::uint64_t now_ms) {
  if (request.bytes.size() > schemas::kCheckpointMax_bytes) {
    return refusal(Errc::kTooLarge,
                   fmt::format("the checkpoint has {} bytes, {} are allowed", request.bytes.size(),
                               schemas::kCheckpointMax_bytes));
  }
  const std::uint64_t there = version_of(address, request.key);
  if (there != request.expected_version) {
    return refusal(
        Errc::kVersionConflict,
        fmt::format("version {} was expected, {} is there", request.expected_version, there),
        there);
  }
  if (there == 0 && keys_of(address) >= schemas::kCheckpointKeysMax) {
    return refusal(Errc::kOverLimit, fmt::format("{} has {} checkpoint keys already", address,
                                                 schemas::kCheckpointKeysMax));
  }
  StatementUse(put_)
      .bind_text(address)
      .bind_text(request.key)
      .bind(there + 1)
      .bind(request.incarnation)
      .bind(now_ms)
      .bind_blob(request.bytes)
      .run();
  StoreReply reply;
  reply.version = there + 1;
  return reply;
}

StoreReply CheckpointTable::get(const std::string& address, const std::string& key) {
  StatementUse use(get_);
  if (!use.bind_text(address).bind_text(key).step()) {
    return refusal(Errc::kNotFound, "no checkpoint under this key");
  }
  StoreReply reply;
  reply.version = use.number(0);
  reply.bytes = use.bytes(1);
  return reply;
}

std::vector<schemas::CheckpointInfo> CheckpointTable::list(const std::string& address) {
  StatementUse use(list_);
  use.bind_text(address);
  std::vector<schemas::CheckpointInfo> found;
  while (use.step()) found.push_back({use.bytes(0), use.number(1), use.number(2)});
  return found;
}

std::uint64_t CheckpointTable::version_of(const std::string& address, const std::string& key) {
  StatementUse use(version_);
  return use.bind_text(address).bind_text(key).step() ? use.number(0) : 0;
}

std::uint64_t CheckpointTable::keys_of(const std::string& address) {
  StatementUse use(count_);
  return use.bind_text(address).step() ? use.number(0) : 0;
}

}  // namespace estop::control
