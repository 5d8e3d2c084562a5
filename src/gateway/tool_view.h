// ToolView: the tools that one caller may see, under the names that it knows them by.
//
// A tool keeps its upstream name where that is unambiguous among the tools granted, else it is shown as
// "destination/tool"; that long name always works, and no server can take it by naming a tool of its own so.
// What may not be called now is not shown.
//
// Thread-safety: immutable; valid as long as its snapshot.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/gateway.h"
#include "snapshot/snapshot.h"

namespace remit::gateway {

class ToolView {
 public:
  ToolView(const snapshot::Snapshot& snapshot, Environment environment, const TokenIdentity& caller,
           Instant now);

  // The granted tool under a shown or a long name, or nullptr; also one that is quarantined, so that the
  // refusal of a call can say so.
  const snapshot::Tool* find(std::string_view name) const;

  // The answer to tools/list, in the order of the names: a JSON object.
  const std::string& list_result() const { return list_result_; }

 private:
  std::map<std::string, const snapshot::Tool*, std::less<>> by_name_;  // shown and long names
  std::string list_result_;
};

}  // namespace remit::gateway
