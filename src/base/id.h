// Ids: a prefix that names the kind, and a UUIDv7 (RFC 9562 §5.7) in 32 hex digits: "agt_01936b1e5c3a7…".
//
// Each kind is a type of its own, so that one cannot be passed for another. Ids sort by the time they were
// made.

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace remit {

// Makes the 32 hex digits of a UUIDv7.
std::string make_uuid7(const Clock& clock, Random& random);

// Whether text is `prefix`, '_' and 32 lower-case hex digits.
bool is_id(std::string_view prefix, std::string_view text);

template <typename Tag>
class Id {
 public:
  Id() = default;
  static Id make(const Clock& clock, Random& random) {
    return Id(std::string(Tag::prefix) + "_" + make_uuid7(clock, random));
  }
  // Errors: kInvalid RMT-B002.
  static Result<Id> parse(std::string_view text) {
    if (!is_id(Tag::prefix, text))
      return fail(ErrorKind::kInvalid, "RMT-B002",
                  "`" + std::string(text.substr(0, 64)) + "` is not an id of the form " +
                      std::string(Tag::prefix) + "_…");
    return Id(std::string(text));
  }
  // For values that come from our own store.
  static Id trusted(std::string text) { return Id(std::move(text)); }

  const std::string& str() const { return text_; }
  bool empty() const { return text_.empty(); }
  auto operator<=>(const Id&) const = default;

 private:
  explicit Id(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

using HumanId = Id<struct HumanTag>;
using ServiceId = Id<struct ServiceTag>;
using AgentId = Id<struct AgentTag>;
using DeploymentId = Id<struct DeploymentTag>;
using CredentialId = Id<struct CredentialTag>;
using GrantId = Id<struct GrantTag>;
using KillId = Id<struct KillTag>;
using ProcessId = Id<struct ProcessTag>;
using DestinationId = Id<struct DestinationTag>;
using ToolId = Id<struct ToolTag>;
using SecretId = Id<struct SecretTag>;
using PolicySetId = Id<struct PolicySetTag>;
using DecisionId = Id<struct DecisionTag>;
using WriterId = Id<struct WriterTag>;

struct HumanTag {
  static constexpr std::string_view prefix = "hum";
};
struct ServiceTag {
  static constexpr std::string_view prefix = "svc";
};
struct AgentTag {
  static constexpr std::string_view prefix = "agt";
};
struct DeploymentTag {
  static constexpr std::string_view prefix = "dep";
};
struct CredentialTag {
  static constexpr std::string_view prefix = "crd";
};
struct GrantTag {
  static constexpr std::string_view prefix = "grt";
};
struct KillTag {
  static constexpr std::string_view prefix = "kil";
};
struct ProcessTag {
  static constexpr std::string_view prefix = "prc";
};
struct DestinationTag {
  static constexpr std::string_view prefix = "dst";
};
struct ToolTag {
  static constexpr std::string_view prefix = "tol";
};
struct SecretTag {
  static constexpr std::string_view prefix = "sec";
};
struct PolicySetTag {
  static constexpr std::string_view prefix = "pol";
};
struct DecisionTag {
  static constexpr std::string_view prefix = "dec";
};
struct WriterTag {
  static constexpr std::string_view prefix = "wrt";
};

}  // namespace remit

template <typename Tag>
struct std::hash<remit::Id<Tag>> {
  std::size_t operator()(const remit::Id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.str());
  }
};
