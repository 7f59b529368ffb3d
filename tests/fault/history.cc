// SPDX-License-Identifier: Apache-2.0
#include "tests/fault/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace estop::testing {
namespace {

using Sentences = std::vector<std::string>;

std::string name_of(const History& history, std::uint32_t party) {
  const Party& named = history.parties.at(party);
  return named.address.text() + "@" + named.instance;
}

// It was sent, or routed, when the fence held.
bool is_behind_the_fence(const Delivery& delivery, const Stop& stop) {
  if (stop.fenced_ns == 0) return false;
  return delivery.sent_ns > stop.fenced_ns || (stop.mark != 0 && delivery.mark >= stop.mark);
}

// What a killed sender had sent never slips through, also not after the resume: I6.
bool may_pass_again(const Delivery& delivery, const Stop& stop, bool as_sender) {
  if (stop.resume_ordered_ns == 0) return false;
  if (as_sender && stop.incarnation != 0) return delivery.incarnation >= stop.incarnation;
  return delivery.received_ns >= stop.resume_ordered_ns;
}

// The stops that concern each party, so that millions of deliveries are checked in a moment.
struct Concerned {
  std::vector<const Stop*> as_sender;
  std::vector<const Stop*> as_receiver;  // a bridge knows only the receiver's address
};

std::vector<Concerned> concerned(const History& history) {
  std::vector<Concerned> all(history.parties.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Party& party = history.parties[i];
    for (const Stop& stop : history.stops) {
      if (stop.scope.covers(party.address, party.instance)) all[i].as_sender.push_back(&stop);
      if (stop.scope.covers(party.address)) all[i].as_receiver.push_back(&stop);
    }
  }
  return all;
}

const Stop* broken_fence(const Delivery& delivery, const std::vector<const Stop*>& stops,
                         bool as_sender) {
  const auto found = std::find_if(stops.begin(), stops.end(), [&](const Stop* stop) {
    return is_behind_the_fence(delivery, *stop) && !may_pass_again(delivery, *stop, as_sender);
  });
  return found == stops.end() ? nullptr : *found;
}

Sentences delivered_twice(const History& history) {
  Sentences wrong;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> ids;
  ids.reserve(history.deliveries.size());
  for (const Delivery& delivery : history.deliveries)
    ids.emplace_back(delivery.sender, delivery.number);
  std::sort(ids.begin(), ids.end());
  for (auto at = std::adjacent_find(ids.begin(), ids.end()); at != ids.end();
       at = std::adjacent_find(at + 1, ids.end())) {
    wrong.push_back(
        fmt::format("delivered twice: intent {} of {}", at->second, name_of(history, at->first)));
  }
  return wrong;
}

Sentences lost_work(const History& history, const End& end) {
  Sentences wrong;
  for (const auto& [place, saved] : history.saved) {
    const auto kept = end.saved.find(place);
    const bool is_there = kept != end.saved.end() && kept->second.version >= saved.version;
    const bool is_other =
        is_there && kept->second.version == saved.version && kept->second.bytes != saved.bytes;
    if (is_there && !is_other) continue;
    wrong.push_back(fmt::format("checkpoint {} of {}: version {} was acknowledged and {}",
                                place.second, place.first, saved.version,
                                is_other ? "has other bytes" : "is lost"));
  }
  for (const auto& [place, outcome] : history.finished) {
    const auto kept = end.finished.find(place);
    if (kept != end.finished.end() && kept->second == outcome) continue;
    wrong.push_back(
        fmt::format("effect {} of {} was acknowledged and is lost", place.second, place.first));
  }
  return wrong;
}

Sentences lost_orders(const History& history, const End& end) {
  Sentences wrong;
  const std::set<std::string> in_force(end.kills.begin(), end.kills.end());
  for (const Stop& stop : history.stops) {
    if (stop.op_id.empty()) continue;
    const bool holds = in_force.contains(stop.op_id);
    if ((stop.committed || stop.audit != 0) && stop.resume_ordered_ns == 0 && !holds)
      wrong.push_back(fmt::format("kill {} was committed and is lost", stop.op_id));
    if (stop.lifted && holds)
      wrong.push_back(fmt::format("the resume of {} was durable and is lost", stop.op_id));
    const auto entry = end.audit.find(stop.audit);
    if (stop.audit != 0 && (entry == end.audit.end() || entry->second != stop.op_id))
      wrong.push_back(fmt::format("audit entry {} of {} is lost", stop.audit, stop.op_id));
  }
  if (!end.audit_problem.empty()) wrong.push_back("the audit is broken: " + end.audit_problem);
  return wrong;
}

}  // namespace

std::vector<std::string> deliveries_behind_a_fence(const History& history) {
  Sentences wrong;
  const auto all = concerned(history);
  for (const Delivery& delivery : history.deliveries) {
    for (const bool as_sender : {true, false}) {
      const auto& stops =
          as_sender ? all.at(delivery.sender).as_sender : all.at(delivery.receiver).as_receiver;
      const Stop* stop = broken_fence(delivery, stops, as_sender);
      if (stop == nullptr) continue;
      wrong.push_back(fmt::format(
          "behind the fence of {} ({}): intent {} of {} in life {} to {}, sent {} us after it",
          stop->op_id.empty() ? "a closed bridge" : stop->op_id, stop->scope.text(),
          delivery.number, name_of(history, delivery.sender), delivery.incarnation,
          name_of(history, delivery.receiver), (delivery.sent_ns - stop->fenced_ns) / 1'000));
    }
  }
  return wrong;
}

std::vector<std::string> what_is_wrong(const History& history, const End& end, std::size_t max) {
  Sentences all;
  for (Sentences wrong : {deliveries_behind_a_fence(history), delivered_twice(history),
                          lost_work(history, end), lost_orders(history, end)}) {
    if (wrong.size() > max) {
      wrong[max] = fmt::format("and {} more", wrong.size() - max);
      wrong.resize(max + 1);
    }
    all.insert(all.end(), wrong.begin(), wrong.end());
  }
  return all;
}

}  // namespace estop::testing
