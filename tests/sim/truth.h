// SPDX-License-Identifier: Apache-2.0

// What was ordered, and what of it holds: kills and resumes as they look from outside, made only
// from what control published and what stream and recorder hold. No core is asked.
//
// A kill holds from the moment at which control publishes it until a resume that names it is both
// in the stream and in the recorder. Control *knows* a kill as long as its process lives; a new one
// knows what stream and recorder hold. What nobody knows any more binds nobody but those who saw
// it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "schemas/messages.h"
#include "tests/sim/time.h"

namespace estop::sim {

// Thrown when a run breaks an invariant.
struct Violation {
  std::string invariant;
  std::string text;
};

struct Kill {
  std::string op_id;
  schemas::Scope scope;
  std::set<schemas::Hash> records;  // its forms in the log: an adopted one has another place
  bool known = false;               // to control, since:
  Nanos since = 0;
  std::uint64_t stamp = 0;
  bool fenced = false;   // control said so
  bool durable = false;  // the recorder has it
  bool resumed = false;
  std::uint64_t incarnation = 0;  // that the resume gave

  [[nodiscard]] bool covers(std::string_view address, std::string_view instance) const;
};

struct Resume {
  schemas::Record record;
  bool in_stream = false;  // the stream took it once
  bool stored = false;
  [[nodiscard]] bool holds() const { return in_stream && stored; }
};

class Truth {
 public:
  void ordered(const std::string& op_id, const schemas::Scope& scope);  // a kill, by its operator
  // Control published it now.
  void published(const schemas::SignedRecord& record, Nanos now, std::uint64_t stamp);
  void taken(const schemas::Hash& hash);   // by the stream
  void stored(const schemas::Hash& hash);  // by the recorder
  // A control that knows only `held` by its stream and recorder, and what it published itself.
  // Returns how many kills nobody holds any more.
  std::size_t control_knows_only(const std::set<schemas::Hash>& held,
                                 const std::set<std::string>& published_itself);

  [[nodiscard]] Kill* find(const std::string& op_id);
  // The resume of this op id, if it holds.
  [[nodiscard]] const Resume* resume(const std::string& op_id) const;
  // Kills that cover the address, or one instance of it.
  [[nodiscard]] std::vector<Kill*> covering(std::string_view address, std::string_view instance);
  // The newest life that a resume gave.
  [[nodiscard]] std::uint64_t incarnation(std::string_view address,
                                          std::string_view instance) const;
  // What somebody sees who looks at the log now, to resume by place; count 0: nothing stands in it.
  [[nodiscard]] schemas::Through through(const schemas::Scope& scope) const;
  // Whether this is control's own resume of a kill that was lifted before.
  [[nodiscard]] bool ends_late(const schemas::Record& record) const;
  [[nodiscard]] const std::map<std::string, Kill>& kills() const { return kills_; }
  [[nodiscard]] const std::map<schemas::Hash, Resume>& resumes() const { return resumes_; }

 private:
  using Place = std::pair<std::uint64_t, std::uint64_t>;  // epoch, seq
  void settle(Resume& resume);
  [[nodiscard]] std::vector<std::string> lifted_by(const schemas::Record& resume) const;

  std::map<std::string, Kill> kills_;  // by op id
  std::map<schemas::Hash, Resume> resumes_;
  std::map<schemas::Hash, std::string> kill_of_;
  std::map<schemas::Hash, Place> published_;
  std::map<Place, schemas::Hash> in_stream_;
};

}  // namespace estop::sim
