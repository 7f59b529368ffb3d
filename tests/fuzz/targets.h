// SPDX-License-Identifier: Apache-2.0

// The fuzz targets: each takes any bytes and ends the process where a promise does not hold.
#pragma once

#include <cstddef>
#include <string_view>

namespace estop::fuzz {

void intent(std::string_view input);    // intent.cc: subject, line feed, message; the gate
void messages(std::string_view input);  // messages.cc: one byte that chooses the reader, message
void subjects(std::string_view input);  // subjects.cc: a subject, a reply subject or a name
void commands(std::string_view input);  // commands.cc: one byte that chooses the verb, the body
// credentials.cc: one byte that chooses the reader; a .creds file, a JWT, the claims of one, a key
void credentials(std::string_view input);
// files.cc: one byte that chooses the reader; what people and other programs write
void files(std::string_view input);
void http(std::string_view input);     // http.cc: the head of a request, and its body
void options(std::string_view input);  // options.cc: one byte that chooses the daemon; its options

// Gives the input to the reader that its first byte chooses, from 'a' on; to none beyond the last.
template <std::size_t n>
void read_by_letter(void (*const (&readers)[n])(std::string_view), std::string_view input) {
  if (input.empty()) return;
  const auto chosen = static_cast<std::size_t>(static_cast<unsigned char>(input[0] - 'a'));
  if (chosen < n) readers[chosen](input.substr(1));
}

// Aborts, naming the promise, unless it holds.
void require(bool holds, std::string_view promise);

}  // namespace estop::fuzz
