// SPDX-License-Identifier: Apache-2.0

// The customers of the campaign: read from a file, or made from a word list.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.h"

namespace estop::incident {

inline constexpr std::size_t kCustomersMax = 1'000'000;

struct Customer {
  std::size_t row = 0;  // from 0, in the order of the file: the customer's number
  std::string email;    // unique in the file, also when case is ignored
  std::string name;     // the e-mail address, if the file has no name
  friend bool operator==(const Customer&, const Customer&) = default;
};

// A mailbox that can stand in an SMTP command as it is: `local@domain`, ASCII, no quoting.
[[nodiscard]] bool is_email(std::string_view text);

// A CSV file with a header that has a column `email` (or `e-mail`) and may have one `name`; other
// columns are ignored. kBadArgument names the line and what is wrong: no such column, another
// number of fields than in the header, no address, the same address twice, no customer at all.
[[nodiscard]] schemas::Result<std::vector<Customer>> read_customers(std::string_view csv);

// A file for read_customers with `count` different customers at example domains. `words` is a word
// list, one word a line; kBadArgument: it has fewer than 100 usable words.
[[nodiscard]] schemas::Result<std::string> make_customers(std::string_view words,
                                                          std::size_t count);

// Part k (from 1) of n: every n-th customer.
[[nodiscard]] std::vector<Customer> partition(const std::vector<Customer>& all, std::size_t k,
                                              std::size_t n);

}  // namespace estop::incident
