// What policies name: entities, and the texts and patterns that they hold attributes against. For whoever
// knows more of what there is than a schema says: which entities exist, which texts an attribute ever has.
//
// Thread-safety: a pure function. What it answers lives as long as any copy of the policy's PolicySet.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cedar/authorize.h"
#include "cedar/values/pattern.h"

namespace cedar {

// What becomes of the test that a name stands in, if the name is of nothing.
enum class Sense : std::uint8_t {
  kNarrows,  // the policy applies to less: `principal == User::"x"`
  kWidens,   // to more: `unless { principal == User::"x" }`, `!=`
  kEither    // no telling: in the condition of an `if`, in an argument
};

struct Name {
  std::optional<EntityUid> entity = {};  // of a name of an entity
  // Else a text that an attribute of a variable is held against by ==, !=, contains, containsAll or
  // containsAny: "principal.owner.name", "context.labels".
  std::string attribute = {};
  std::string_view text = {};
  const Pattern* pattern = nullptr;  // in place of the text: of `like`
  Sense sense = Sense::kNarrows;
  Span span = {};
  Position start = {};
  Position end = {};
};

// As Cedar writes it: `crm/*`, without the quotes.
std::string to_text(const Pattern& pattern);

// In order of the text, of the scope and of every condition. Of a link, the entities in its slots too.
std::vector<Name> names_in(const Policy& policy);

}  // namespace cedar
