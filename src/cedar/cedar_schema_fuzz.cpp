// Any text is a schema or diagnostics, in either syntax. What is a schema means the same when it was printed
// and read again, and can be validated against.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <tuple>

#include "cedar/schema.h"

namespace {

void check(const std::expected<cedar::Schema, cedar::Diagnostics>& schema, std::string_view text) {
  if (!schema) {
    if (schema.error().empty()) std::abort();
    for (const cedar::Diagnostic& diagnostic : schema.error()) {
      if (diagnostic.span.begin > diagnostic.span.end || diagnostic.span.end > text.size()) std::abort();
      if (cedar::render(diagnostic, text, "fuzz").empty()) std::abort();
    }
    return;
  }
  const std::string json = schema->to_json();
  const auto from_json = cedar::Schema::parse_json(json);
  if (!from_json || from_json->to_json() != json) std::abort();
  if (const auto printed = schema->to_cedar()) {
    const auto again = cedar::Schema::parse(*printed);
    if (!again || again->entity_types() != schema->entity_types() || again->actions() != schema->actions())
      std::abort();
  }
  static const auto kPolicies = cedar::PolicySet::parse(
      "permit(principal, action, resource) when { principal has a.b && principal.hasTag(\"t\") && "
      "context has c && resource in principal };");
  std::ignore = cedar::validate(*kPolicies, *schema, {.level = 2});
  std::ignore = cedar::Entities::parse_json(
      R"([{"uid": {"type": "A", "id": "a"}, "attrs": {"a": "x"}, "parents": []}])", *schema);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  cedar::Limits limits;
  limits.depth = 40;
  check(cedar::Schema::parse(text, limits), text);
  check(cedar::Schema::parse_json(text, limits), text);
  return 0;
}
