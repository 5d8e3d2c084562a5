// ToolView: the tools that one caller may see, under the names that it knows them by.
//
// Each grant has the name that its tool is shown under, which never changes (identity/tool_names.h). A call
// may also use the qualified name, "destination/tool". What may not be called now is not shown.
//
// Thread-safety: immutable; valid as long as its snapshot.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/gateway.h"
#include "snapshot/snapshot.h"

namespace remit::gateway {

class ToolView {
 public:
  ToolView(const snapshot::Snapshot& snapshot, Environment environment, const TokenIdentity& caller,
           Instant now);

  // The granted tool under a shown or a qualified name, or nullptr; also one that is not shown, so that the
  // refusal of a call can say why.
  const snapshot::Tool* find(std::string_view name) const;

  // For a name that find() does not know: the names of granted tools that their servers call so, sorted.
  std::vector<std::string_view> called(std::string_view own_name) const;

  // The answer to tools/list, in the order of the names: a JSON object.
  const std::string& list_result() const { return list_result_; }

  // What the servers of these tools say to whoever uses them (instructions.h); empty if nothing.
  const std::string& instructions() const { return instructions_; }

 private:
  std::map<std::string_view, const snapshot::Tool*> by_name_;      // shown, former and qualified names
  std::multimap<std::string_view, std::string_view> by_own_name_;  // what servers call them → shown names
  std::string list_result_;
  std::string instructions_;
};

}  // namespace remit::gateway
