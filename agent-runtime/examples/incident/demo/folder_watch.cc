// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/demo/folder_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>

namespace estop::incident {
namespace {

int stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

}  // namespace

FolderWatch::FolderWatch()
    : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)), signals_(stop_signals()) {}

bool FolderWatch::watch(const std::string& folder) {
  const int id =
      ::inotify_add_watch(inotify_.get(), folder.c_str(), IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE);
  if (id < 0) return false;
  folders_[id] = {folder, 0};
  return true;
}

std::size_t FolderWatch::files(const std::string& folder) const {
  for (const auto& [id, watched] : folders_) {
    if (watched.path == folder) return watched.files;
  }
  return 0;
}

void FolderWatch::wait(std::chrono::milliseconds patience) {
  std::array<pollfd, 2> watched{{{inotify_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}}};
  if (::poll(watched.data(), watched.size(), static_cast<int>(patience.count())) <= 0) return;
  interrupted_ = interrupted_ || watched[1].revents != 0;
  read_events();
}

void FolderWatch::read_events() {
  alignas(inotify_event) std::array<char, 64 * 1024> buffer;
  for (ssize_t size = 0; (size = ::read(inotify_.get(), buffer.data(), buffer.size())) > 0;) {
    for (ssize_t at = 0; at < size;) {
      inotify_event event;
      std::memcpy(&event, &buffer[static_cast<std::size_t>(at)], sizeof event);
      at += static_cast<ssize_t>(sizeof event + event.len);
      if ((event.mask & IN_Q_OVERFLOW) != 0) return count_again();
      const auto folder = folders_.find(event.wd);
      if (folder == folders_.end()) continue;
      std::size_t& files = folder->second.files;
      if ((event.mask & IN_CLOSE_WRITE) != 0) ++files;
      if ((event.mask & IN_DELETE) != 0 && files > 0) --files;
    }
  }
}

// Events were lost, so the folders are counted. What is being written just now is counted twice;
// the demo's verdict does not come from here.
void FolderWatch::count_again() {
  for (auto& [id, folder] : folders_) {
    std::error_code ignored;
    const std::filesystem::directory_iterator entries(folder.path, ignored);
    folder.files = static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
  }
}

}  // namespace estop::incident
