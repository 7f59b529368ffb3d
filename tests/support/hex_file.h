// SPDX-License-Identifier: Apache-2.0

// A message that is kept in hex, as the golden files are.
#pragma once

#include <cctype>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>

namespace estop::golden {

// The bytes of `folder`/`name`.hex; empty if there is no such file.
inline std::string read_hex(const std::string& folder, const std::string& name) {
  std::ifstream in(folder + "/" + name + ".hex");
  std::string digits;
  for (char c : std::string(std::istreambuf_iterator<char>(in), {})) {
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0) digits += c;
  }
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

}  // namespace estop::golden
