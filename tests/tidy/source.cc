// SPDX-License-Identifier: Apache-2.0
#include "tests/tidy/source.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace estop::tidy {
namespace {

enum class Mode { kCode, kLineComment, kBlockComment, kString, kCharacter, kRawString };

// Walks over the text once and sorts each character into the views.
class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  void run(Source& out) {
    for (at_ = 0; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\n') {
        end_line(out);
      } else {
        step();
      }
    }
    if (!raw_.empty()) end_line(out);
  }

 private:
  [[nodiscard]] bool next_is(std::string_view what) const {
    return text_.substr(at_, what.size()) == what;
  }

  void end_line(Source& out) {
    if (mode_ == Mode::kLineComment) mode_ = Mode::kCode;
    out.raw.push_back(std::exchange(raw_, {}));
    out.code.push_back(std::exchange(code_, {}));
    out.strings.push_back(std::exchange(strings_, {}));
  }

  void put(bool is_code, bool is_string) {
    const char c = text_[at_];
    raw_ += c;
    code_ += is_code ? c : ' ';
    strings_ += is_string ? c : ' ';
  }
  void put_code(std::size_t count) {
    for (; count > 1; --count, ++at_) put(true, false);
    put(true, false);
  }

  void step() {
    switch (mode_) {
      case Mode::kCode:
        return step_code();
      case Mode::kLineComment:
        return put(false, false);
      case Mode::kBlockComment:
        if (next_is("*/")) {
          put(false, false);
          ++at_;
          mode_ = Mode::kCode;
        }
        return put(false, false);
      case Mode::kString:
        return step_quoted('"');
      case Mode::kCharacter:
        return step_quoted('\'');
      case Mode::kRawString:
        if (!next_is(raw_end_)) return put(false, true);
        put_code(raw_end_.size());
        mode_ = Mode::kCode;
        return;
    }
  }

  void step_code() {
    const bool after_name =
        at_ > 0 && (std::isalnum(static_cast<unsigned char>(text_[at_ - 1])) != 0);
    if (next_is("//")) {
      mode_ = Mode::kLineComment;
      return put(false, false);
    }
    if (next_is("/*")) {
      mode_ = Mode::kBlockComment;
      put(false, false);
      ++at_;
      return put(false, false);
    }
    if (next_is("R\"") && !after_name) {
      const std::size_t open = text_.find('(', at_);
      raw_end_ = ')';
      raw_end_.append(text_.substr(at_ + 2, open - at_ - 2)).push_back('"');
      put_code(open - at_ + 1);
      mode_ = Mode::kRawString;
      return;
    }
    if (next_is("\"")) mode_ = Mode::kString;
    if (next_is("'") && !after_name) mode_ = Mode::kCharacter;  // 1'000 is a number
    put(true, false);
  }

  void step_quoted(char quote) {
    const bool is_string = mode_ == Mode::kString;
    if (text_[at_] == quote) {
      mode_ = Mode::kCode;
      return put(true, false);
    }
    if (text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') {
      put(false, is_string);
      ++at_;
    }
    put(false, is_string);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Mode mode_ = Mode::kCode;
  std::string raw_end_;
  std::string raw_, code_, strings_;
};

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_ours(const std::filesystem::path& folder) {
  const std::string name = folder.filename().string();
  return !name.starts_with('.') && name != "build" && name != "node_modules";
}

}  // namespace

bool Source::in(std::string_view folder) const {
  return folder.starts_with('/') ? path.find(folder) != std::string::npos
                                 : path.starts_with(folder);
}

bool Source::is_header() const {
  return path.ends_with(".h");
}

std::string_view Source::file_name() const {
  return std::string_view(path).substr(path.rfind('/') + 1);
}

std::size_t find_word(std::string_view line, std::string_view word) {
  for (std::size_t at = line.find(word); at != std::string_view::npos;
       at = line.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool left = !is_word_char(word.front()) || at == 0 || !is_word_char(line[at - 1]);
    const bool right = !is_word_char(word.back()) || end >= line.size() || !is_word_char(line[end]);
    if (left && right) return at;
  }
  return std::string_view::npos;
}

Source read_source(std::string path, std::string_view text) {
  Source source;
  source.path = std::move(path);
  Splitter(text).run(source);
  return source;
}

std::vector<Source> read_tree(const std::string& root) {
  namespace fs = std::filesystem;
  std::vector<Source> sources;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::end(entry); ++entry) {
    if (entry->is_directory() && !is_ours(entry->path())) {
      entry.disable_recursion_pending();
      continue;
    }
    const std::string extension = entry->path().extension().string();
    if (!entry->is_regular_file() || (extension != ".h" && extension != ".cc")) continue;
    std::ifstream file(entry->path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    sources.push_back(read_source(fs::relative(entry->path(), root).string(), text));
  }
  std::sort(sources.begin(), sources.end(),
            [](const Source& a, const Source& b) { return a.path < b.path; });
  return sources;
}

}  // namespace estop::tidy
