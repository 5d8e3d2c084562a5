// Partial evaluation: what can be said of a request of which not all is known, and what remains to be asked.
//
//   cedar::PartialRequest request{.principal = {{"User", "alice"}},
//                                 .action = {{"Action", "view"}},
//                                 .resource = cedar::PartialEntity::of_type("Photo")};
//   cedar::PartialResponse response = cedar::partial_authorize(request, policies, entities);
//   response.decision();                    // what every completion gives, if that can be told
//   for (const auto& one : response.residuals()) one.condition();   // what remains, as Cedar text
//   response.reauthorize(full, entities);   // the same as authorize(full, policies, entities)
//
// Exact: what is called certain holds for every completion, errors included. The entities are taken to be all
// there is; only what depends on an unknown part of the request is unknown. A residual keeps every operation
// that may err, in its order, so that evaluating it errs where the policy would have.
//
// Source: language reference, "Authorization" and "Operators"; the idea of residual policies is that of RFC
// 95. Unlike there, no schema is needed.
//
// Thread-safety: immutable values that share their content.

#pragma once

#include <boost/json/object.hpp>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cedar/authorize.h"
#include "cedar/values/value.h"

namespace cedar {

// An entity of a request: known, known by its type only, or unknown.
struct PartialEntity {
  PartialEntity() = default;                                 // unknown
  PartialEntity(EntityUid known) : uid(std::move(known)) {}  // NOLINT(google-explicit-constructor)
  static PartialEntity of_type(std::string type) {
    PartialEntity entity;
    entity.type = std::move(type);
    return entity;
  }

  std::optional<EntityUid> uid;
  std::string type;  // where only that is known
};

// An attribute of the context of which the value is not known.
struct UnknownAttribute {
  std::vector<std::string> path;  // from the context on: {"input", "amount"}
  bool present = false;           // whether it is there, whatever it is
  std::optional<Kind> kind = {};  // what it is, if it is there. A record that is present may have attributes
                                  // that are named here too
};

// A context of which some is known.
class PartialContext {
 public:
  PartialContext();               // nothing is known of it
  PartialContext(Context known);  // NOLINT(google-explicit-constructor)

  // Errors: a path that is empty, named twice, known, or leads through what is no record.
  static std::expected<PartialContext, DataError> make(Context known, std::vector<UnknownAttribute> unknown);

  // As Context, where null stands for an attribute that is not known, and may not be there.
  static std::expected<PartialContext, DataError> parse_json(std::string_view json,
                                                             const Limits& limits = {});
  static std::expected<PartialContext, DataError> parse_json(std::string_view json, const Schema& schema,
                                                             const EntityUid& action,
                                                             const Limits& limits = {});

  bool is_known() const;
  const Context& known_part() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  friend struct PartialRequest;
  static std::expected<PartialContext, DataError> read(const Json& json, const Limits& limits,
                                                       const Type* expected);
  explicit PartialContext(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

struct PartialRequest {
  // {"principal", "action", "resource", "context"}. An entity is {"type", "id"}, {"type"} where only that is
  // known, null or absent where nothing is. The context is as PartialContext has it, null or absent where
  // nothing of it is known.
  static std::expected<PartialRequest, DataError> parse_json(std::string_view json,
                                                             const Limits& limits = {});
  // As above, where the schema says what the context of the action is. An action that is not known: as if
  // there were no schema.
  static std::expected<PartialRequest, DataError> parse_json(std::string_view json, const Schema& schema,
                                                             const Limits& limits = {});
  static PartialRequest of(const Request& request);

  // The request, where all of it is known.
  std::optional<Request> complete() const;

  PartialEntity principal = {};
  PartialEntity action = {};
  PartialEntity resource = {};
  PartialContext context = {};

 private:
  static std::expected<PartialRequest, DataError> read(std::string_view json, const Schema* schema,
                                                       const Limits& limits);
};

// Whether some valid request could be this one: what is known is as the schema has it, and what is not known
// may be. The error points into {"principal", "action", "resource", "context"}.
std::expected<void, DataError> validate(const PartialRequest& request, const Schema& schema);

// What remains of a policy that is neither certainly satisfied, nor certainly not, nor certainly in error.
struct Residual {
  const Policy* policy;  // of the policy set
  Policy remaining;      // its scope and conditions as far as they remain; all else as in `policy`
  bool may_hold;         // false: it is not satisfied by any completion; it may still err
  bool may_err;
  bool must_err;  // every completion errs; which error it is, is not known

  // Scope and conditions as one expression, in Cedar's syntax. As long as all that it asks; costs a walk.
  std::string condition() const;
};

class PartialResponse {
 public:
  // What authorize gives for every completion; none where it depends, or may.
  std::optional<Decision> decision() const;

  // By position. What is in neither list is not satisfied by any completion, and never errs.
  std::span<const Policy* const> satisfied() const;
  std::span<const PolicyError> errors() const;
  std::span<const Residual> residuals() const;

  // What authorize gives for the request that has become known, of what remains. `entities` must be those of
  // partial_authorize. Errors: a request that is not the one that was asked about, where it is not.
  std::expected<Response, DataError> reauthorize(const Request& request, const Entities& entities) const;

  struct Impl;

 private:
  friend PartialResponse partial_authorize(const PartialRequest& request, const PolicySet& policies,
                                           const Entities& entities);
  explicit PartialResponse(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// Where principal, action and resource are known, looks only at policies that could match by scope. The
// response keeps what it refers to.
PartialResponse partial_authorize(const PartialRequest& request, const PolicySet& policies,
                                  const Entities& entities);

}  // namespace cedar
