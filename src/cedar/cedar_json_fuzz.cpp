// Any text is entities or an error, a context or an error, and a request, of which some may be unknown, or an
// error; with a schema and without one.

#include <cstdint>
#include <string_view>
#include <tuple>

#include "cedar/cedar.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const cedar::Schema schema =
      cedar::Schema::parse(
          "type T = { n?: Long, s?: Set<String>, u?: User, ip?: ipaddr, d?: decimal };"
          "entity Team enum [\"a\", \"b\"];"
          "entity User in [Team] { t: T } tags datetime;"
          "action view appliesTo { principal: User, resource: User, context: { t: T } };")
          .value();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::ignore = cedar::Entities::parse_json(text);
  std::ignore = cedar::Entities::parse_json(text, schema);
  std::ignore = cedar::Context::parse_json(text);
  std::ignore = cedar::Context::parse_json(text, schema, {"Action", "view"});
  std::ignore = cedar::PartialRequest::parse_json(text);
  std::ignore = cedar::PartialRequest::parse_json(text, schema);
  if (const auto request = cedar::Request::parse_json(text)) std::ignore = cedar::validate(*request, schema);
  return 0;
}
