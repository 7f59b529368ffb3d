// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/demo/mail_record.h"

#include <sys/stat.h>
#include <time.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace estop::incident {
namespace {

constexpr std::int64_t kSecond_ns = 1'000'000'000;

std::int64_t nanoseconds(const timespec& time) {
  return time.tv_sec * kSecond_ns + time.tv_nsec;
}

}  // namespace

schemas::Result<std::vector<Delivery>> read_mail_record(const std::string& folder) {
  std::vector<Delivery> deliveries;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    const std::string path = entry.path();
    struct stat status {};
    std::ifstream in(path, std::ios::binary);
    if (::stat(path.c_str(), &status) != 0 || !in) {
      return schemas::fail(schemas::Errc::kNotFound, path + " cannot be read");
    }
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (text.empty()) continue;  // a mail that was never ended: the server has not accepted it
    const auto delivery = read_delivery(text, nanoseconds(status.st_mtim));
    if (!delivery) return schemas::fail(schemas::Errc::kMalformed, path + " is no mail");
    deliveries.push_back(*delivery);
  }
  if (failed) return schemas::fail(schemas::Errc::kNotFound, folder + ": " + failed.message());
  return deliveries;
}

std::int64_t record_clock_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return nanoseconds(now);
}

}  // namespace estop::incident
