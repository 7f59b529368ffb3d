// SPDX-License-Identifier: Apache-2.0

// One use of a prepared statement: bind in order, step, read. It is reset at the end of the scope
// in every case.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace estop::control {

// A statement that is not reset keeps a read transaction open, which stops the write-ahead log from
// ever shrinking. Bound values are not copied: they must outlive the use. SQLite::Exception from
// every member but the destructor.
class StatementUse {
 public:
  explicit StatementUse(SQLite::Statement& statement) : statement_(statement) {}
  StatementUse(const StatementUse&) = delete;
  StatementUse& operator=(const StatementUse&) = delete;
  ~StatementUse() { statement_.tryReset(); }

  // Stored as two's complement above 2^63: a reader gets the same value back.
  StatementUse& bind(std::uint64_t value) {
    statement_.bind(++bound_, static_cast<std::int64_t>(value));
    return *this;
  }
  StatementUse& bind_text(const std::string& text) {
    statement_.bindNoCopy(++bound_, text);
    return *this;
  }
  StatementUse& bind_blob(std::string_view bytes) {
    statement_.bindNoCopy(++bound_, bytes.data(), static_cast<int>(bytes.size()));
    return *this;
  }
  template <std::size_t Size>
  StatementUse& bind_blob(const std::array<std::uint8_t, Size>& bytes) {
    return bind_blob(std::string_view(reinterpret_cast<const char*>(bytes.data()), Size));
  }

  [[nodiscard]] bool step() { return statement_.executeStep(); }
  int run() { return statement_.exec(); }  // how many rows it changed

  [[nodiscard]] std::uint64_t number(int column) const {
    return static_cast<std::uint64_t>(statement_.getColumn(column).getInt64());
  }
  [[nodiscard]] std::string bytes(int column) const {  // text or blob
    return statement_.getColumn(column).getString();
  }
  // A blob of another size (only a damaged file has one) is cut or filled with zeros: it will not
  // match.
  template <std::size_t Size>
  [[nodiscard]] std::array<std::uint8_t, Size> array(int column) const {
    const SQLite::Column value = statement_.getColumn(column);
    const auto* from = static_cast<const std::uint8_t*>(value.getBlob());
    std::array<std::uint8_t, Size> out{};
    std::copy_n(from, from == nullptr ? 0 : std::min<int>(value.getBytes(), Size), out.begin());
    return out;
  }

 private:
  SQLite::Statement& statement_;
  int bound_ = 0;
};

}  // namespace estop::control
