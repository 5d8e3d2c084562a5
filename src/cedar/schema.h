// Schemas, and what they make possible: policies, requests and entities are checked before anything is
// decided.
//
//   auto schema = cedar::Schema::parse(text);             // Cedar syntax; or every diagnostic of the text
//   auto report = cedar::validate(*policies, *schema);    // strict mode
//   auto entities = cedar::Entities::parse_json(json, *schema);
//   auto context = cedar::Context::parse_json(object, *schema, action);
//   auto checked = cedar::validate(request, *schema);
//
// Follows the language reference ("Schemas", "Validation") and the formal model. A policy set that validates
// cannot fail on a valid request over valid entities, but for arithmetic overflow and entities that are
// missing.
//
// Thread-safety: a Schema is an immutable value that shares its content; any number of threads may use it.

#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cedar/authorize.h"

namespace cedar {

class Schema {
 public:
  static std::expected<Schema, Diagnostics> parse(std::string_view text, const Limits& limits = {});
  static std::expected<Schema, Diagnostics> parse_json(std::string_view json, const Limits& limits = {});

  Schema();  // declares nothing

  // The schema as written, in the other syntax or in the same. Comments are lost, annotations are kept.
  // Errors: JSON can say two things that Cedar syntax cannot (an entity's shape that is the name of a common
  // type; an entity type and a common type of one name).
  std::expected<std::string, std::string> to_cedar() const;
  std::string to_json() const;

  // What is allowed and yet likely a mistake: a declared name that hides a builtin one, or another.
  const Diagnostics& warnings() const;

  // What is declared `external` is defined in another schema (RFC 116), with which this one is to be linked.
  // Until then no policy validates against it, and no entity or request that needs what is not defined.
  bool is_complete() const;
  std::vector<std::string> external_entity_types() const;
  std::vector<EntityUid> external_actions() const;

  // One schema of several, in any order: what one declares external another defines. What none defines stays
  // external. Common types and annotations are gone from the result, whose names are complete. Errors: what
  // two define; parents that do not agree; an external type that is enumerated elsewhere; a type that hides a
  // builtin one only now.
  static std::expected<Schema, std::string> link(std::span<const Schema> schemas);

  // What is declared, in order of the text; names are complete ("App::User").
  std::vector<std::string> entity_types() const;
  std::vector<EntityUid> actions() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit Schema(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

enum class FindingKind : std::uint8_t {
  kError,              // a name, a type, a level is wrong
  kInapplicableScope,  // no action applies to what the scope asks for; an error
  kImpossible          // the conditions are false for every valid request; a warning
};

// What validation found in one policy.
struct Finding {
  FindingKind kind = FindingKind::kError;
  std::string policy;  // its id
  Diagnostic diagnostic;

  bool is_error() const { return kind != FindingKind::kImpossible; }
};

struct ValidationOptions {
  // How many entities in a row a policy may look through: 0 sees no attribute, tag or parent of any entity, 1
  // those of the request's own entities (RFC 76). None: any number.
  std::optional<std::uint32_t> level = {};
  std::uint32_t findings = 1000;  // errors, after which validation gives up; and as many warnings
  // In how many request environments policies are looked at, of all policies together, after which validation
  // gives up, with an error. One in which types must be checked anew counts for 20.
  std::uint64_t environments = 20'000'000;
};

struct ValidationReport {
  std::vector<Finding> findings;  // by policy, then by place
  bool passed() const;            // no errors; there may be warnings
};

ValidationReport validate(const PolicySet& policies, const Schema& schema,
                          const ValidationOptions& options = {});

// Whether the schema knows the action and lets it be asked with this principal, resource and context. The
// error points into {"principal", "action", "resource", "context"}.
std::expected<void, DataError> validate(const Request& request, const Schema& schema);

// Whether every entity is as the schema declares it. The error names the entity.
std::expected<void, DataError> validate(const Entities& entities, const Schema& schema);

}  // namespace cedar
