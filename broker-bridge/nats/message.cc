// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cstring>

#include "broker-bridge/nats/connection.h"
#include "broker-bridge/nats/owners.h"

namespace estop::nats {

std::optional<std::string> MessageView::header(const char* key) const {
  if (handle_ == nullptr) return std::nullopt;
  const char* value = nullptr;
  if (natsMsgHeader_Get(static_cast<natsMsg*>(handle_), key, &value) != NATS_OK) {
    return std::nullopt;
  }
  return value == nullptr ? std::string() : std::string(value);
}

int MessageView::broker_status() const {
  const auto text = header("Status");
  if (!text) return 0;
  int status = 0;
  std::from_chars(text->data(), text->data() + text->size(), status);
  return status;
}

}  // namespace estop::nats
