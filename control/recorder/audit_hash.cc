// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/audit_hash.h"

#include <string>
#include <string_view>

#include "schemas/signing.h"

namespace estop::control {
namespace {

template <int Width>
void put_integer(std::string& out, std::uint64_t value) {
  for (int shift = 8 * (Width - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

void put_text(std::string& out, std::string_view text) {
  put_integer<4>(out, text.size());
  out.append(text);
}

}  // namespace

schemas::Hash audit_hash(const AuditRow& row) {
  const AuditEntry& entry = row.entry;
  std::string bytes = "estop-audit-1";
  bytes.reserve(128 + entry.kind.size() + entry.actor.size() + entry.subject.size() +
                entry.op_id.size() + entry.detail.size());
  put_integer<8>(bytes, row.number);
  put_integer<8>(bytes, entry.at_ms);
  for (const std::string* text :
       {&entry.kind, &entry.actor, &entry.subject, &entry.op_id, &entry.detail}) {
    put_text(bytes, *text);
  }
  put_text(bytes, {reinterpret_cast<const char*>(row.prev.data()), row.prev.size()});
  return schemas::sha256(bytes);
}

}  // namespace estop::control
