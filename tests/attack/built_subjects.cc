// SPDX-License-Identifier: Apache-2.0
#include "tests/attack/built_subjects.h"

#include <set>

#include "schemas/subjects.h"
#include "tests/integration/auth/auth_broker.h"

namespace estop::testing {
namespace {

using schemas::Action;
using schemas::Address;
using schemas::Instance;
using schemas::Segment;
using schemas::Subject;
using schemas::Subjects;

Segment segment(std::string_view text) {
  return *Segment::parse(text);
}

class Collection {
 public:
  void add(const char* builder, const Subject& subject) { add(builder, subject.str()); }
  void add(const char* builder, std::string subject) {
    all_.push_back({builder, std::move(subject)});
  }
  [[nodiscard]] std::vector<BuiltSubject> take() { return std::move(all_); }

 private:
  std::vector<BuiltSubject> all_;
};

void add_patterns(const Subjects& to, Collection& all) {
  all.add("intents", to.intents());
  all.add("deliveries", to.deliveries());
  all.add("inboxes", to.inboxes());
  all.add("hellos", to.hellos());
  all.add("beats", to.beats());
  all.add("checkpoints", to.checkpoints());
  all.add("stoppeds", to.stoppeds());
  all.add("works", to.works());
  all.add("control_all", to.control_all());
  all.add("controls", to.controls());
  all.add("receipts", to.receipts());
  all.add("commands", to.commands());
  all.add("emergencies", to.emergencies());
  all.add("reaching_commands", to.reaching_commands());
  all.add("reaching_emergencies", to.reaching_emergencies());
  all.add("audits", to.audits());
  all.add("stores", to.stores());
  all.add("log", to.log());
  all.add("lease", to.lease());
  all.add("bridges", to.bridges());
  all.add("reads", to.reads());
  all.add("event", to.event(segment("kill")));
  all.add("events", to.events());
  all.add("js_api", to.js_api());
  all.add("sys_claims_update", to.sys_claims_update());
  all.add("sys_claims_lookup", to.sys_claims_lookup("AAAA"));
  all.add("sys_claims_lookups", to.sys_claims_lookups());
  all.add("sys_clients", to.sys_clients("AAAA"));
  all.add("sys_clients_of_any", to.sys_clients_of_any());
  all.add("sys_connects", to.sys_connects());
  all.add("sys_disconnects", to.sys_disconnects());
  for (const char* name : {"control", "mine"}) {
    all.add("js_stream_create", to.js_stream_create(segment(name)));
    all.add("js_stream_info", to.js_stream_info(segment(name)));
    all.add("js_stream_purge", to.js_stream_purge(segment(name)));
    all.add("js_direct_get", to.js_direct_get(segment(name)));
  }
}

void add_instance(const Subjects& to, const Address& address, const Instance& instance,
                  Collection& all) {
  all.add("inbox_of", to.inbox_of(address, instance));
  for (const char* kind : {"refused", "rpc"}) {
    all.add("inbox", to.inbox(address, instance, segment(kind), segment("i1")));
  }
  all.add("hello", to.hello(address, instance));
  all.add("beat", to.beat(address, instance));
  all.add("checkpoint", to.checkpoint(address, instance));
  all.add("stopped", to.stopped(address, instance));
  for (const char* other : {"acme/prod/mallory", "acme/prod/mailer"}) {
    const Subject intent =
        to.intent(address, instance, *Address::parse(other), *Action::parse("email.send"));
    all.add("intent", intent);
    std::string delivery;
    to.deliver(*to.parse_intent(intent.str()), delivery);
    all.add("deliver", delivery);
    std::string answer;
    to.reply(*to.parse_intent(intent.str()), instance.text(), "i1", answer);
    all.add("reply", answer);
  }
}

void add_address(const Subjects& to, const Address& address, Collection& all) {
  all.add("intents_of", to.intents_of(address));
  all.add("deliveries_to", to.deliveries_to(address));
  all.add("inboxes_of", to.inboxes_of(address));
  all.add("hellos_of", to.hellos_of(address));
  all.add("beats_of", to.beats_of(address));
  all.add("checkpoints_of", to.checkpoints_of(address));
  all.add("stoppeds_of", to.stoppeds_of(address));
  all.add("works_of", to.works_of(address));
  all.add("control_of", to.control_of(address));
  for (const char* instance : {"k3j9x2ab", "m4m4m4m4"}) {
    add_instance(to, address, *Instance::parse(instance), all);
  }
}

void add_name(const Subjects& to, const Segment& name, Collection& all) {
  for (const char* verb : {"kill", "resume", "revoke", "ps", "audit", "nonsense"}) {
    all.add("command", to.command(name, segment(verb)));
  }
  all.add("commands_of", to.commands_of(name));
  all.add("emergency", to.emergency(name));
  all.add("latched", to.latched(name, segment("b1")));
  all.add("latched_by", to.latched_by(name));
  all.add("read", to.read(name));
  all.add("latched_of", to.latched_of(name));
  all.add("own_inbox", to.own_inbox(name));
  all.add("own_inbox", to.own_inbox(name, segment("x")));
  all.add("receipt", to.receipt(name));
  all.add("bridge", to.bridge(name));
}

}  // namespace

std::vector<BuiltSubject> every_built_subject() {
  const Subjects to = Subjects::standard();
  Collection all;
  add_patterns(to, all);
  for (const char* address : {"acme/prod/mallory", "acme/prod/mailer", "other/prod/mallory"}) {
    add_address(to, *Address::parse(address), all);
  }
  for (const char* name : {"alice", "bob", "b1", "b2", "control"}) add_name(to, segment(name), all);
  return all.take();
}

std::vector<std::string> every_target() {
  const std::vector<std::string> tried = every_subject();
  std::set<std::string> all(tried.begin(), tried.end());
  for (const BuiltSubject& built : every_built_subject()) all.insert(built.subject);
  all.insert({"$SYS.REQ.CLAIMS.DELETE", "$SYS.REQ.CLAIMS.LIST", "$SYS.REQ.CLAIMS.PACK",
              "$JS.API.STREAM.UPDATE.CONTROL", "$JS.API.STREAM.SNAPSHOT.CONTROL",
              "$JS.API.STREAM.RESTORE.CONTROL", "$JS.API.STREAM.MSG.GET.CONTROL",
              "$JS.API.CONSUMER.CREATE.CONTROL.x", "$JS.API.CONSUMER.DELETE.CONTROL.x",
              "$JS.FC.CONTROL.x.y", "$JS.ACK.CONTROL.x.1.1.1.1.1"});
  return {all.begin(), all.end()};
}

bool has_wildcard(const std::string& subject) {
  return subject.find_first_of("*>") != std::string::npos;
}

}  // namespace estop::testing
