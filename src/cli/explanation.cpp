#include "cli/explanation.h"

#include <fmt/format.h>

#include "cli/output.h"

namespace remit::cli {
namespace {

std::string_view summary(const boost::json::value& explanation) {
  const std::string_view result = explanation.at("result").as_string();
  if (result == "held") return "satisfied";
  if (result == "erred") return "erred and is skipped";
  if (result == "unknown") return "depends on what is not known";
  return explanation.at("scope_matches").as_bool() ? "a condition does not hold" : "the scope does not match";
}

}  // namespace

void print_explanation(const boost::json::value& explanation) {
  fmt::print("{} {}  ({}:{}): {}\n", cell(&explanation.at("effect")), cell(&explanation.at("policy")),
             cell(&explanation.at("line")), cell(&explanation.at("column")), summary(explanation));
  for (const auto& step : explanation.at("steps").as_array()) {
    std::string line = fmt::format("  {:<12}{:<10} {}", cell(&step.at("result")), cell(&step.at("part")),
                                   cell(&step.at("text")));
    if (const auto* values = step.as_object().if_contains("values")) line += "   is   " + cell(values);
    if (const auto* message = step.as_object().if_contains("message")) line += "   " + cell(message);
    fmt::print("{}\n", line);
  }
  if (const auto left_out = explanation.at("steps_left_out").to_number<std::uint64_t>(); left_out > 0)
    fmt::print("  and {} more that are not shown\n", left_out);
}

}  // namespace remit::cli
