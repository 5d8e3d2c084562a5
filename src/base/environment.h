// Environment: a trust domain. Each has its own issuer, keys, credentials, grants and approval paths; nothing
// verifies in more than one (product.md, Vocabulary).

#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace remit {

enum class Environment { kSandbox, kPilot, kProduction };

inline constexpr std::array kEnvironments = {Environment::kSandbox, Environment::kPilot,
                                             Environment::kProduction};

constexpr std::string_view to_string(Environment environment) {
  switch (environment) {
    case Environment::kSandbox:
      return "sandbox";
    case Environment::kPilot:
      return "pilot";
    case Environment::kProduction:
      return "production";
  }
  return "?";
}

constexpr std::optional<Environment> parse_environment(std::string_view text) {
  for (auto environment : kEnvironments)
    if (to_string(environment) == text) return environment;
  return std::nullopt;
}

}  // namespace remit
