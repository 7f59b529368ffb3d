// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/core/customers.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <unordered_map>
#include <utility>

#include "agent-runtime/examples/incident/core/csv.h"

namespace estop::incident {
namespace {

using schemas::Errc;
using schemas::fail;
using schemas::Result;

constexpr std::size_t kWordsMin = 100;

bool is_alphanumeric(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_domain(std::string_view domain) {
  std::size_t labels = 0;
  while (true) {
    const std::size_t dot = std::min(domain.find('.'), domain.size());
    if (!is_label(domain.substr(0, dot))) return false;
    ++labels;
    if (dot == domain.size()) return labels >= 2;
    domain.remove_prefix(dot + 1);
  }
}

bool is_local_part(std::string_view local) {
  constexpr std::string_view kOthers = ".!#$%&'*+/=?^_`{|}~-";
  return !local.empty() && local.size() <= 64 && local.front() != '.' && local.back() != '.' &&
         local.find("..") == std::string_view::npos &&
         std::all_of(local.begin(), local.end(), [&](char c) {
           return is_alphanumeric(c) || kOthers.find(c) != std::string_view::npos;
         });
}

std::optional<std::size_t> column(const CsvRow& header, std::initializer_list<const char*> names) {
  for (std::size_t i = 0; i < header.fields.size(); ++i) {
    const std::string field = lower(header.fields[i]);
    for (const char* name : names) {
      if (field == name) return i;
    }
  }
  return std::nullopt;
}

std::vector<std::string> usable_words(std::string_view list) {
  std::vector<std::string> words;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find('\n'), list.size());
    const std::string_view word = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    const bool usable =
        word.size() >= 3 && word.size() <= 12 &&
        std::all_of(word.begin(), word.end(), [](unsigned char c) { return c >= 'a' && c <= 'z'; });
    if (usable) words.emplace_back(word);
  }
  return words;
}

std::string capitalised(std::string word) {
  word.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(word.front())));
  return word;
}

std::string at_line(std::size_t line) {
  return "line " + std::to_string(line) + ": ";
}

}  // namespace

bool is_email(std::string_view text) {
  const std::size_t at = text.find('@');
  return text.size() <= 254 && at != std::string_view::npos && is_local_part(text.substr(0, at)) &&
         is_domain(text.substr(at + 1));
}

Result<std::vector<Customer>> read_customers(std::string_view csv) {
  const auto rows = read_csv(csv);
  if (!rows) return tl::make_unexpected(rows.error());
  if (rows->empty())
    return fail(Errc::kBadArgument, "line 1: the file is empty, not even a header");
  const CsvRow& header = rows->front();
  const auto email = column(header, {"email", "e-mail"});
  const auto name = column(header, {"name"});
  if (!email) {
    return fail(Errc::kBadArgument, at_line(header.line) + "the header has no column `email`");
  }
  if (rows->size() == 1) return fail(Errc::kBadArgument, "line 2: there is no customer");
  if (rows->size() > kCustomersMax + 1) {
    return fail(Errc::kBadArgument, "more than " + std::to_string(kCustomersMax) + " customers");
  }
  std::vector<Customer> customers;
  std::unordered_map<std::string, std::size_t> line_of;
  for (auto row = rows->begin() + 1; row != rows->end(); ++row) {
    if (row->fields.size() != header.fields.size()) {
      return fail(Errc::kBadArgument, at_line(row->line) + std::to_string(row->fields.size()) +
                                          " fields, but the header has " +
                                          std::to_string(header.fields.size()));
    }
    const std::string& address = row->fields[*email];
    if (!is_email(address)) {
      return fail(Errc::kBadArgument,
                  at_line(row->line) + "'" + address + "' is no e-mail address");
    }
    const auto [seen, fresh] = line_of.emplace(lower(address), row->line);
    if (!fresh) {
      return fail(Errc::kBadArgument, at_line(row->line) + address + " is already in line " +
                                          std::to_string(seen->second));
    }
    customers.push_back({customers.size(), address, name ? row->fields[*name] : address});
  }
  return customers;
}

Result<std::string> make_customers(std::string_view list, std::size_t count) {
  constexpr std::array kDomains{"example.com", "example.net", "example.org"};
  const auto words = usable_words(list);
  if (words.size() < kWordsMin) {
    return fail(Errc::kBadArgument, "the word list has fewer than 100 words of 3 to 12 letters");
  }
  std::string csv = "name,email\n";
  for (std::size_t i = 0; i < count; ++i) {
    // The pair of words differs for every i: each round through the list shifts the second one.
    const std::string& first = words[i % words.size()];
    const std::string& last = words[(i * 7 + i / words.size() + 1) % words.size()];
    csv += capitalised(first) + ' ' + capitalised(last) + ',' + first + '.' + last + '@' +
           kDomains[i % kDomains.size()] + '\n';
  }
  return csv;
}

std::vector<Customer> partition(const std::vector<Customer>& all, std::size_t k, std::size_t n) {
  std::vector<Customer> part;
  for (std::size_t i = k - 1; i < all.size(); i += n) part.push_back(all[i]);
  return part;
}

}  // namespace estop::incident
