// Any text is a policy set or diagnostics; what parses can be evaluated, at once or in two steps.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cedar/partial.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const cedar::Entities kEntities = [] {
    cedar::EntitiesBuilder builder;
    const cedar::EntityUid parents[] = {{"Group", "staff"}};
    if (!builder.add({"User", "alice"}, parents, {{"age", 21}, {"name", "Alice"}}, {{"role", "admin"}}))
      std::abort();
    return *std::move(builder).build();
  }();
  static const cedar::Request kRequest{{"User", "alice"},
                                       {"Action", "view"},
                                       {"Doc", "d"},
                                       *cedar::Context::from_json({{"n", 1}, {"s", "text"}})};
  static const cedar::PartialRequest kPartial{
      .principal = cedar::PartialEntity::of_type("User"),
      .action = kRequest.action,
      .resource = {},
      .context = *cedar::PartialContext::make(*cedar::Context::from_json({{"n", 1}}), {{.path = {"s"}}})};

  const auto policies = cedar::PolicySet::parse(text);
  if (policies) {
    const cedar::Response response = cedar::authorize(kRequest, *policies, kEntities);
    if (response.decision == cedar::Decision::kAllow && response.determining.empty()) std::abort();
    const cedar::PartialResponse partial = cedar::partial_authorize(kPartial, *policies, kEntities);
    if (partial.decision() && *partial.decision() != response.decision) std::abort();
    const auto whole = partial.reauthorize(kRequest, kEntities);
    if (!whole || whole->determining != response.determining ||
        whole->errors.size() != response.errors.size())
      std::abort();
    for (const cedar::Residual& residual : partial.residuals()) (void)residual.condition();
    return 0;
  }
  if (policies.error().empty()) std::abort();
  for (const cedar::Diagnostic& diagnostic : policies.error()) {
    if (diagnostic.span.begin > diagnostic.span.end || diagnostic.span.end > size) std::abort();
    if (cedar::render(diagnostic, text, "fuzz").empty()) std::abort();
  }
  return 0;
}
