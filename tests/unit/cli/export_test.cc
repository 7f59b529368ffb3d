// SPDX-License-Identifier: Apache-2.0

// Exports, line by line.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "control/cli/export_chain.h"
#include "control/cli/export_file.h"
#include "control/recorder/audit_hash.h"
#include "schemas/signing.h"
#include "tests/support/temp_dir.h"

namespace estop::cli {
namespace {

using nlohmann::json;
using schemas::Errc;
using schemas::Hash;
using Lines = std::vector<json>;

Lines chain(std::uint64_t count) {
  Lines lines;
  Hash prev{};
  for (std::uint64_t n = 1; n <= count; ++n) {
    const json detail{{"reason", fmt::format("line {}", n)}, {"n", n}};
    control::AuditRow row{n, {"kill", "alice", "acme/*", "k1", detail.dump(), n}, prev, {}};
    json line{{"number", n},   {"at_ms", n},       {"kind", "kill"},     {"actor", "alice"},
              {"op_id", "k1"}, {"detail", detail}, {"subject", "acme/*"}};
    if (n % 2 == 0) {  // as control shows what it would write another way
      line["detail_text"] = row.entry.detail = "{ }";
      line["detail"] = json::object();
    }
    row.hash = control::audit_hash(row);
    line["prev"] = schemas::hex(prev);
    line["hash"] = schemas::hex(row.hash);
    prev = row.hash;
    lines.push_back(std::move(line));
  }
  return lines;
}

Errc taken(const Lines& lines) {
  ExportChain checked;
  for (const json& line : lines) {
    if (const auto one = checked.take(line.dump()); !one) return one.error().code;
  }
  return Errc::kOk;
}

struct Damage {
  const char* what;
  std::function<void(Lines&)> how;
  Errc code;
};

TEST(ExportChain, FindsWhatDoesNotFit) {
  const Damage kinds[] = {
      {"nothing", [](Lines&) {}, Errc::kOk},
      {"a detail beside the text that was hashed",
       [](Lines& lines) { lines[1]["detail"]["reason"] = "forged"; }, Errc::kMalformed},
      {"begins later", [](Lines& l) { l.erase(l.begin(), l.begin() + 2); }, Errc::kOk},
      {"a gap", [](Lines& l) { l.erase(l.begin() + 2); }, Errc::kChainBroken},
      {"another order", [](Lines& l) { std::swap(l[2], l[3]); }, Errc::kChainBroken},
      {"a text", [](Lines& l) { l[2]["actor"] = "bob"; }, Errc::kChainBroken},
      {"the detail", [](Lines& l) { l[2]["detail"]["n"] = 9; }, Errc::kChainBroken},
      {"the detail's text", [](Lines& l) { l[3]["detail_text"] = "{}"; }, Errc::kChainBroken},
      {"a hash", [](Lines& l) { l[2]["hash"] = l[1]["hash"]; }, Errc::kChainBroken},
      {"the first one's prev", [](Lines& l) { l[0]["prev"] = l[0]["hash"]; }, Errc::kChainBroken},
      {"no hash", [](Lines& l) { l[2].erase("hash"); }, Errc::kMalformed},
      {"no detail", [](Lines& l) { l[2].erase("detail"); }, Errc::kMalformed},
      {"no object", [](Lines& l) { l[2] = 7; }, Errc::kMalformed},
      {"number 0", [](Lines& l) { l[0]["number"] = 0; }, Errc::kMalformed},
      {"cut short",
       [](Lines& l) {
         l[2]["detail"] = {{"too_large_to_show_bytes", 1}};
       },
       Errc::kTooLarge},
  };
  for (const Damage& each : kinds) {
    Lines lines = chain(5);
    each.how(lines);
    EXPECT_EQ(taken(lines), each.code) << each.what;
  }
}

TEST(ExportChain, RemembersTheHashOfOneEntry) {
  const Lines lines = chain(5);
  const auto marked = [&](std::uint64_t number, std::size_t from) {
    ExportChain checked(number);
    for (std::size_t i = from; i < lines.size(); ++i) {
      EXPECT_TRUE(checked.take(lines[i].dump()));
    }
    return checked.marked_hash() ? schemas::hex(*checked.marked_hash()) : "";
  };
  EXPECT_EQ(marked(3, 0), lines[2]["hash"]);
  EXPECT_EQ(marked(3, 3), lines[2]["hash"]);  // as the first one's prev
  EXPECT_EQ(marked(3, 4), "");
  EXPECT_EQ(marked(6, 0), "");
  EXPECT_EQ(marked(0, 0), "");
}

TEST(ExportFile, AppearsWholeOrNotAtAll) {
  const testing::TempDir folder;
  const std::string path = folder.file("x.jsonl");
  const auto all = [](std::string_view) { return schemas::Result<void>(); };
  const auto none = [](std::string_view) { return schemas::fail(Errc::kMalformed, "no"); };
  const auto left = [&] {
    return std::distance(std::filesystem::directory_iterator(folder.path()), {});
  };
  {
    auto file = ExportFile::create(path);
    ASSERT_TRUE(file && file->write("one"));
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  EXPECT_EQ(left(), 0);
  {
    auto file = ExportFile::create(path);
    ASSERT_TRUE(file && file->write("one"));
    EXPECT_FALSE(file->finish(none));
  }
  EXPECT_EQ(left(), 0);
  {
    auto file = ExportFile::create(path);
    ASSERT_TRUE(file && file->write("one") && file->write(""));
    EXPECT_TRUE(file->finish(all));
  }
  EXPECT_EQ(left(), 1);
  EXPECT_FALSE(ExportFile::create(path));
  std::string read;
  EXPECT_TRUE(read_lines(path, [&](std::string_view line) {
    read.append(line).append("|");
    return schemas::Result<void>();
  }));
  EXPECT_EQ(read, "one||");
}

TEST(ExportFile, ALineWithoutAnEndIsNoWholeExport) {
  const testing::TempDir folder;
  const std::string path = folder.file("x");
  const auto all = [](std::string_view) { return schemas::Result<void>(); };
  std::ofstream(path) << "one\ntwo";
  EXPECT_FALSE(read_lines(path, all));
  std::ofstream(path) << std::string(5'000'000, 'x') << '\n';
  EXPECT_FALSE(read_lines(path, all));
  EXPECT_FALSE(read_lines(folder.path(), all));
}

}  // namespace
}  // namespace estop::cli
