// SPDX-License-Identifier: Apache-2.0

// Tells that files in some folders were written, without reading the folders again and again
// (inotify), and that this process was told to stop.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

#include "broker-bridge/daemon/descriptor.h"

namespace estop::incident {

class FolderWatch {
 public:
  // SIGINT, SIGTERM and SIGHUP no longer end this process: they end wait(). Children are not
  // affected.
  FolderWatch();

  // From now on wait() ends when something is written there. False: no such folder, or the kernel's
  // limit of watches is reached.
  [[nodiscard]] bool watch(const std::string& folder);
  // How many files of a watched folder are there, written and closed.
  [[nodiscard]] std::size_t files(const std::string& folder) const;
  // Blocks until a file was written, a signal came, or the time is over.
  void wait(std::chrono::milliseconds patience);
  [[nodiscard]] bool interrupted() const { return interrupted_; }

 private:
  struct Folder {
    std::string path;
    std::size_t files = 0;
  };
  void read_events();
  void count_again();

  daemon::Descriptor inotify_;
  daemon::Descriptor signals_;
  bool interrupted_ = false;
  std::map<int, Folder> folders_;  // by watch descriptor
};

}  // namespace estop::incident
