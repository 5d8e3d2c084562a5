// JSON text to a tree that knows where everything stands, for JSON that people write (schemas) and are to be
// told about by line and column. RFC 8259, strictly; a name that an object has twice is refused.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "cedar/arena.h"
#include "cedar/diagnostic.h"

namespace cedar {

enum class JsonKind : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

struct JsonMember;

struct JsonNode {
  JsonKind kind = JsonKind::kNull;
  Span span;
  bool boolean = false;
  std::string_view text = {};           // of a string: what it stands for; of a number: as written
  std::span<const JsonNode> elements;   // of an array
  std::span<const JsonMember> members;  // of an object
  const JsonMember* find(std::string_view name) const;
};

struct JsonMember {
  std::string_view name;
  Span name_span;
  JsonNode value;
};

// nullptr: reported. The tree lives in `arena`; so must `text`.
const JsonNode* parse_json_tree(std::string_view text, std::uint32_t depth, Arena& arena,
                                DiagnosticSink& sink);

// "an object", "a string".
std::string_view describe(JsonKind kind);

}  // namespace cedar
