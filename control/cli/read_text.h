// A whole file, for what people hand to the command line.
#pragma once

#include <fstream>
#include <iterator>
#include <string>

namespace estop::cli {

// Empty if there is no such file, or it may not be read.
inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace estop::cli
