#include "decision/policy_names.h"

namespace remit::decision {

std::string name_of(const cedar::Policy& policy) { return std::string(policy.name()); }

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "`" : ", `") + name + "`";
  return text;
}

}  // namespace remit::decision
