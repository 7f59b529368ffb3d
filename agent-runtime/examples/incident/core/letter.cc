// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/core/letter.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

#include "schemas/address.h"
#include "schemas/codec.h"

namespace estop::incident {
namespace {

using schemas::Errc;
using schemas::fail;
using schemas::Result;

constexpr std::string_view kSubjectStart = "Subject: ";

bool is_header_text(std::string_view text) {
  return schemas::is_clean_text(text) && text.find_first_of("\n\t") == std::string_view::npos;
}

// The text with its placeholders replaced; nullopt: one is unknown or not closed.
std::optional<std::string> fill(std::string_view text, const Customer& customer) {
  std::string out;
  while (true) {
    const std::size_t open = std::min(text.find("{{"), text.size());
    out += text.substr(0, open);
    if (open == text.size()) return out;
    const std::size_t close = text.find("}}", open);
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view name = text.substr(open + 2, close - open - 2);
    if (name != "name" && name != "id") return std::nullopt;
    out += name == "name" ? customer.name : std::to_string(customer.row);
    text.remove_prefix(close + 2);
  }
}

}  // namespace

std::string template_text(std::string_view link) {
  return "Subject: Spring is here, {{name}}\n\nDear {{name}},\n\n"
         "the new catalogue is out, and everything green is cheaper until Sunday.\n\n"
         "Unsubscribe: " +
         std::string(link) + "\n";
}

Result<Template> Template::parse(std::string_view file) {
  const std::size_t blank = file.find("\n\n");
  if (!file.starts_with(kSubjectStart) || blank == std::string_view::npos) {
    return fail(Errc::kBadArgument,
                "the template does not start with `Subject: …` and a blank line");
  }
  Template made;
  made.subject_ = file.substr(kSubjectStart.size(), blank - kSubjectStart.size());
  made.text_ = file.substr(blank + 2);
  if (!is_header_text(made.subject_) || !schemas::is_clean_text(made.text_)) {
    return fail(Errc::kBadArgument, "the template has control characters or is no UTF-8");
  }
  if (!fill(made.subject_, {}) || !fill(made.text_, {})) {
    return fail(Errc::kBadArgument, "the template has a placeholder besides {{name}} and {{id}}");
  }
  return made;
}

Letter Template::letter_to(const Customer& customer) const {
  return {std::string(kCampaignId), std::to_string(customer.row), customer.email,
          fill(subject_, customer).value_or(""), fill(text_, customer).value_or("")};
}

std::string encode_letter(const Letter& letter) {
  return nlohmann::json{{"campaign", letter.campaign},
                        {"customer", letter.customer},
                        {"to", letter.to},
                        {"subject", letter.subject},
                        {"text", letter.text}}
      .dump();
}

Result<Letter> decode_letter(std::string_view json) {
  const auto object = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return fail(Errc::kMalformed, "a letter is a JSON object");
  Letter letter;
  for (const auto& [name, field] :
       {std::pair{"campaign", &letter.campaign}, std::pair{"customer", &letter.customer},
        std::pair{"to", &letter.to}, std::pair{"subject", &letter.subject},
        std::pair{"text", &letter.text}}) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) {
      return fail(Errc::kMalformed, std::string("a letter has a text `") + name + "`");
    }
    *field = found->get<std::string>();
  }
  if (!schemas::is_segment(letter.campaign) || !schemas::is_segment(letter.customer)) {
    return fail(Errc::kMalformed, "`campaign` and `customer` are short names: a-z 0-9 _ -");
  }
  if (!is_email(letter.to)) return fail(Errc::kMalformed, "`to` is no e-mail address");
  if (!is_header_text(letter.subject) || !schemas::is_clean_text(letter.text)) {
    return fail(Errc::kMalformed, "`subject` or `text` has control characters");
  }
  return letter;
}

std::string effect_key(const Letter& letter) {
  return "campaign/" + letter.campaign + '/' + letter.customer;
}

std::string message_id(const Letter& letter) {
  return '<' + letter.campaign + '.' + letter.customer + "@campaign.example>";
}

std::string to_message(const Letter& letter) {
  std::string out = "From: Acme <news@acme.example>\r\nTo: <" + letter.to +
                    ">\r\nSubject: " + letter.subject + "\r\nMessage-ID: " + message_id(letter) +
                    "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
  for (const char c : letter.text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  if (!out.ends_with("\r\n")) out += "\r\n";
  return out;
}

}  // namespace estop::incident
