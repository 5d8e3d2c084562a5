// The Cedar schema of one environment, generated from its catalog: what policies may ask of the entities of
// snapshot/entities.h and of the context that a decision is taken in (decision/decide.h). A policy that names
// an argument, an attribute or a tool that does not exist is found when it is written.
//
// Every tool is an action, in the groups that it is in as an entity. A group that no tool is in yet (an
// effect, a new destination) holds the action "no tool yet", which no request ever names: so policies on the
// group are valid before its first tool is there.
//
// The text is the same for the same catalog.
//
// Thread-safety: a pure function.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/environment.h"
#include "snapshot/tool_input.h"

namespace remit::snapshot {

struct SnapshotData;

inline constexpr std::string_view kNoToolYet = "no tool yet";

// A part of a tool's definition that policies do not see.
struct SchemaWarning {
  std::string tool;  // qualified
  LeftOut left_out;
};

struct PolicySchema {
  std::string text;  // in Cedar syntax
  std::vector<SchemaWarning> warnings;
};

PolicySchema policy_schema(const SnapshotData& data, Environment environment);

}  // namespace remit::snapshot
