// A small world for this module's tests: one issuer, one client, a clock that stands still.

#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>

#include "issuer/client_directory.h"
#include "issuer/settings.h"
#include "jose/jwt.h"

namespace remit::issuer::testing {

inline constexpr Instant kNow{std::chrono::seconds(1'800'000'000)};
inline constexpr std::int64_t kNowSeconds = 1'800'000'000;

inline Settings settings_of(Environment environment) {
  const std::string name(to_string(environment));
  return {.environment = environment,
          .issuer = "https://remit.example/" + name,
          .audience = "https://remit.example/mcp/" + name};
}

inline jose::PrivateKey key_from(std::uint64_t seed, jose::Algorithm algorithm = jose::Algorithm::kEs256) {
  SeededRandom random(seed);
  return jose::PrivateKey::generate(algorithm, random);
}

struct FakeDirectory final : ClientDirectory {
  std::map<std::string, Client, std::less<>> clients;
  std::optional<Client> find(std::string_view client_id, Instant) const override {
    const auto found = clients.find(client_id);
    if (found == clients.end()) return std::nullopt;
    return found->second;
  }
};

inline constexpr std::string_view kClient = "dep_01936b1e5c3a7000800000000000beef";

inline FakeDirectory directory_with(const jose::PrivateKey& key) {
  FakeDirectory directory;
  directory.clients[std::string(kClient)] = Client{
      .client_id = std::string(kClient),
      .barred = {},
      .agent_fp = "sha256:aa",
      .keys = {
          {.credential_id = "crd_1", .key = key.public_key(), .thumbprint = key.public_key().thumbprint()}}};
  return directory;
}

// Claims that are accepted; tests change one of them.
inline boost::json::object good_claims(const Settings& settings) {
  return {{"iss", kClient}, {"sub", kClient},          {"aud", settings.issuer},
          {"jti", "j-1"},   {"exp", kNowSeconds + 60}, {"iat", kNowSeconds}};
}

}  // namespace remit::issuer::testing
