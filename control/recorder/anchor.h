// SPDX-License-Identifier: Apache-2.0

// The anchor: where the audit ended, kept outside the database.
//
// A hash chain cannot tell that its newest part is missing. The anchor can: it is written after
// commits, so a database that ends before it, or has another row there, was truncated or restored
// from an older copy. It is one line, `estop-anchor 1 <number> <hash in hex>`, replaced by rename;
// it may lag behind the database, never lead it.
#pragma once

#include <optional>
#include <string>

#include "control/recorder/audit_hash.h"
#include "schemas/result.h"

namespace estop::control {

class AuditAnchor {
 public:
  explicit AuditAnchor(std::string folder);
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  // Nothing if there is no file. kMalformed: it is not an anchor.
  [[nodiscard]] schemas::Result<std::optional<ChainHead>> read() const;
  // Durable when it returns kOk; kStoreUnavailable leaves the old one in place.
  [[nodiscard]] schemas::Result<void> write(const ChainHead& head) const;

 private:
  std::string path_;
};

}  // namespace estop::control
