// SPDX-License-Identifier: Apache-2.0

// A file system of some MiB in memory, gone with the test. Needs root: ask is_there().
#pragma once

#include <sys/mount.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

namespace estop::testing {

class SmallDisk {
 public:
  explicit SmallDisk(std::string at, int size_mib = 8) : at_(std::move(at)) {
    std::filesystem::create_directories(at_);
    const std::string size = "size=" + std::to_string(size_mib) + "m,mode=0700";
    is_there_ = ::mount("estop-test", at_.c_str(), "tmpfs", 0, size.c_str()) == 0;
  }
  ~SmallDisk() {
    if (is_there_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  [[nodiscard]] bool is_there() const { return is_there_; }
  // Until not one byte fits any more.
  void fill() const {
    std::ofstream file(at_ + "/filler", std::ios::binary | std::ios::app);
    for (const std::string block(4'096, 'x'); file.write(block.data(), 4'096).flush();) continue;
  }
  [[nodiscard]] bool is_full() const { return std::filesystem::space(at_).available == 0; }
  void empty() const { std::filesystem::remove(at_ + "/filler"); }

 private:
  std::string at_;
  bool is_there_ = false;
};

}  // namespace estop::testing
