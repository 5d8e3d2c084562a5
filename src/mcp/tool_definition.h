// Whether a tool's definition is one that every client can read.
//
// Clients read a list of tools whole: one definition that they cannot read takes all the others away. So what
// is listed must be what MCP's schema says a Tool is (2025-11-25, `Tool`), and no more than what the SDKs'
// clients take:
//
// - Members that are null are refused: for TypeScript they are not absent.
// - Clients compile `outputSchema` when they list (TypeScript 1.x, with Ajv), so it must be a JSON Schema
// whose
//   keywords have values of their kind, whose references lead to a schema in it, and whose patterns are
//   regular expressions of ECMAScript. It has no `$id`: one table of these serves all tools in such a client,
//   and the id of one would shadow another's.
// - A lone surrogate and deep nesting are refused by parsers in Python and Rust.
// - `execution.taskSupport: "required"`: nobody could call it, since calls as tasks are not passed on.
//
// `inputSchema` is for the server and for models: of it, only what MCP's schema says is looked at.
//
// Thread-safety: pure functions.

#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace remit::mcp {

inline constexpr int kMaxDefinitionDepth = 64;
inline constexpr std::size_t kMaxDefinitionBytes = std::size_t{256} * 1024;

// What is wrong, and where (RFC 6901): "/inputSchema/required", "must be an array of strings".
struct DefinitionFault {
  std::string pointer;
  std::string what;
};

// The first fault of a definition; nothing where every client can read it. `raw`: its bytes, for what a value
// does not show.
std::optional<DefinitionFault> find_fault(const boost::json::object& definition, std::string_view raw);

}  // namespace remit::mcp
