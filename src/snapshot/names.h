// The enumerations of the governed world and their one spelling (product.md, Vocabulary; identity.md, Holds).

#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace remit::snapshot {

enum class State { kDraft, kPending, kApproved, kActive, kRetired };
enum class HoldKind {
  kOwnerMissing,
  kChangePending,
  kReviewOverdue,
  kExpired,
  kDormant,
  kCredentialExposed,
  kSuspended,
  kDrift
};
enum class CredentialKind { kKey };  // a key pair, proved by private_key_jwt (RFC 7523)
enum class Effect { kRead, kCreate, kUpdate, kDelete, kSend, kExecute, kPay };
enum class DataClass { kPublic, kInternal, kConfidential, kRestricted };
enum class Network { kNone, kAll, kHosts };  // what a server over stdio may connect to

template <typename E>
struct Names;

template <>
struct Names<State> {
  static constexpr auto table =
      std::to_array<std::pair<State, std::string_view>>({{State::kDraft, "draft"},
                                                         {State::kPending, "pending"},
                                                         {State::kApproved, "approved"},
                                                         {State::kActive, "active"},
                                                         {State::kRetired, "retired"}});
};
template <>
struct Names<HoldKind> {
  static constexpr auto table = std::to_array<std::pair<HoldKind, std::string_view>>(
      {{HoldKind::kOwnerMissing, "owner-missing"},
       {HoldKind::kChangePending, "change-pending"},
       {HoldKind::kReviewOverdue, "review-overdue"},
       {HoldKind::kExpired, "expired"},
       {HoldKind::kDormant, "dormant"},
       {HoldKind::kCredentialExposed, "credential-exposed"},
       {HoldKind::kSuspended, "suspended"},
       {HoldKind::kDrift, "drift"}});
};
template <>
struct Names<CredentialKind> {
  static constexpr auto table =
      std::to_array<std::pair<CredentialKind, std::string_view>>({{CredentialKind::kKey, "key"}});
};
template <>
struct Names<Effect> {
  static constexpr auto table =
      std::to_array<std::pair<Effect, std::string_view>>({{Effect::kRead, "read"},
                                                          {Effect::kCreate, "create"},
                                                          {Effect::kUpdate, "update"},
                                                          {Effect::kDelete, "delete"},
                                                          {Effect::kSend, "send"},
                                                          {Effect::kExecute, "execute"},
                                                          {Effect::kPay, "pay"}});
};
template <>
struct Names<Network> {
  static constexpr auto table = std::to_array<std::pair<Network, std::string_view>>(
      {{Network::kNone, "none"}, {Network::kAll, "all"}, {Network::kHosts, "hosts"}});
};
template <>
struct Names<DataClass> {
  static constexpr auto table =
      std::to_array<std::pair<DataClass, std::string_view>>({{DataClass::kPublic, "public"},
                                                             {DataClass::kInternal, "internal"},
                                                             {DataClass::kConfidential, "confidential"},
                                                             {DataClass::kRestricted, "restricted"}});
};

template <typename E>
  requires requires { Names<E>::table; }
constexpr std::string_view to_string(E value) {
  for (const auto& [known, name] : Names<E>::table)
    if (known == value) return name;
  return "?";
}

// The value that a name spells, or nothing.
template <typename E>
constexpr std::optional<E> parse_name(std::string_view text) {
  for (const auto& [value, name] : Names<E>::table)
    if (name == text) return value;
  return std::nullopt;
}

}  // namespace remit::snapshot
