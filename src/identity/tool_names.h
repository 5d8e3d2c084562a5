// The names that an agent sees its tools under: one for each tool, for ever, and legal wherever tools are
// named.
//
// A shown name is 1–64 of A–Z, a–z, 0–9, '_' and '-': what MCP clients and the providers of models take. It
// is the tool's own name where that is free, else "destination__tool"; what no name may have becomes '_', and
// what is too long is cut and ends in a digest. Free means: never shown to this agent for another tool, in
// any case of its letters, so that what a model has learned of a name stays true when grants come and go.
//
// A server names its tools as it likes, so no tool may look like another destination's: a name that begins
// with what could be a destination's name and "__" is shown behind its own destination's. docs/decisions/0020
// says why.
//
// Thread-safety: pure functions.

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace remit::identity {

inline constexpr std::size_t kMaxShownName = 64;

// A tool as people and policies name it, and as one agent sees it.
struct ShownTool {
  std::string tool;  // qualified: "erp/create_payment"
  std::string name;
};

// Whether `name` may be shown.
bool is_shown_name(std::string_view name);

// The name of a tool (qualified) beside all that were ever shown to the agent in this environment: the one
// that it had, if it was among them.
std::string shown_name(std::string_view tool, std::span<const ShownTool> ever);

// A grant from before names were kept, when a tool was listed as it calls itself where no other granted tool
// did so too, else as "destination/tool".
struct OlderGrant {
  std::string tool;  // qualified
  bool living = false;
};

struct AdoptedName {
  std::string name;
  std::string former;  // the name that it was listed under, where that is not legal any more; else empty
};

// The names of one deployment's grants, in the order in which they were given. A living one keeps the name
// that it was listed under, unless that name is not legal or begins with the name of one of `destinations`
// and "__".
std::vector<AdoptedName> adopt_names(std::span<const OlderGrant> grants,
                                     std::span<const std::string> destinations);

}  // namespace remit::identity
