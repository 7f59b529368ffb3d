// SPDX-License-Identifier: Apache-2.0

// What is mailed: a template of the operator's, a letter made from it, and the letter's way as the
// payload of an `email.send` intent and as a message for the mail server.
#pragma once

#include <string>
#include <string_view>

#include "agent-runtime/examples/incident/core/customers.h"
#include "schemas/result.h"

namespace estop::incident {

inline constexpr std::string_view kMailerAddress = "acme/prod/mailer";
inline constexpr std::string_view kCampaignAddress = "acme/prod/email-campaign";
inline constexpr std::string_view kSendAction = "email.send";
inline constexpr std::string_view kCampaignId = "spring";

// The two states of the template's last line: what the incident is about.
inline constexpr std::string_view kBrokenLink = "https://lists.example.com/unsubscribe/undefined";
inline constexpr std::string_view kFixedLink = "https://lists.example.com/unsubscribe/{{id}}";
// A whole template file with that link.
[[nodiscard]] std::string template_text(std::string_view link);

struct Letter {
  std::string campaign;
  std::string customer;  // number of the customer: with `campaign` the key of the effect
  std::string to;
  std::string subject;
  std::string text;
  friend bool operator==(const Letter&, const Letter&) = default;
};

// `Subject: …`, an empty line, the text; `{{name}}` and `{{id}}` stand for the customer's.
class Template {
 public:
  // kBadArgument: no subject, or a placeholder that is unknown or not closed.
  [[nodiscard]] static schemas::Result<Template> parse(std::string_view file);
  [[nodiscard]] Letter letter_to(const Customer& customer) const;

 private:
  std::string subject_;
  std::string text_;
};

// Letter to JSON and back. kMalformed: not such an object, or a text that would break the mail's
// headers or the SMTP dialogue.
[[nodiscard]] std::string encode_letter(const Letter& letter);
[[nodiscard]] schemas::Result<Letter> decode_letter(std::string_view json);

// `campaign/spring/17`: the key under which the letter is sent at most once.
[[nodiscard]] std::string effect_key(const Letter& letter);
// `<spring.17@campaign.example>`: the same for the same letter.
[[nodiscard]] std::string message_id(const Letter& letter);
// RFC 5322, lines end in CR LF.
[[nodiscard]] std::string to_message(const Letter& letter);

}  // namespace estop::incident
