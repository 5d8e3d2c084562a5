// A schema and policies, parted by a line of `---`: validation ends, with findings that lie in the text;
// policies that pass do not err over the empty store, but for overflow and entities that are not there.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cedar/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t parting = text.find("\n---\n");
  if (parting == std::string_view::npos) return 0;
  const auto schema = cedar::Schema::parse(text.substr(0, parting));
  const std::string_view policy_text = text.substr(parting + 5);
  const auto policies = cedar::PolicySet::parse(policy_text);
  if (!schema || !policies) return 0;

  for (const auto& options : {cedar::ValidationOptions{}, cedar::ValidationOptions{.level = 1}}) {
    const cedar::ValidationReport report = cedar::validate(*policies, *schema, options);
    for (const cedar::Finding& finding : report.findings) {
      const cedar::Span span = finding.diagnostic.span;
      if (span.begin > span.end || span.end > policy_text.size()) std::abort();
    }
    if (!report.passed()) return 0;
  }
  for (const cedar::EntityUid& action : schema->actions()) {
    for (const std::string& type : schema->entity_types()) {
      const cedar::Request request{{type, "a"}, action, {type, "a"}};
      if (!cedar::validate(request, *schema)) continue;
      for (const cedar::PolicyError& error : cedar::authorize(request, *policies, cedar::Entities()).errors) {
        if (error.message.find("overflow") == std::string::npos &&
            error.message.find("entit") == std::string::npos &&
            error.message.find("exist") == std::string::npos &&
            error.message.find("known") == std::string::npos)
          std::abort();
      }
    }
  }
  return 0;
}
