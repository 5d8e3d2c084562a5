// Policies, entities, requests, and the decision.
//
// Language reference: policies, operators, extension types, authorization. A policy whose evaluation errs is
// skipped and reported, a satisfied forbid wins, nothing is permitted by default.
//
// Templates (policies with the slots ?principal and ?resource) take part only through their links.
//
// Thread-safety: PolicySet, Entities, Context and Request are immutable values that share their content;
// copies are cheap, and any number of threads may authorise over the same ones. Lifetimes: a `const Policy*`
// is valid as long as any copy of its PolicySet lives.

#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cedar {

class Arena;
class Json;
class Schema;  // schema.h
struct Request;
struct Type;
namespace ast {
struct Policy;
}

// A range of bytes of the policy text.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

// A place as people count it: both from 1, columns in Unicode code points.
struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

// What is wrong with a policy text, where, and what to do about it (`help` may be empty).
struct Diagnostic {
  std::string message;
  std::string help;
  Span span;
  Position start;
  Position end;
};
using Diagnostics = std::vector<Diagnostic>;  // never empty when returned as an error; in order of the text

// For people: message, file:line:column, the line with the place underlined, help. Of a long line, what is
// around the place. It is UTF-8, whatever the text is.
std::string render(const Diagnostic& diagnostic, std::string_view text, std::string_view file_name);

// A text cut to `bytes`, not within a character, with a mark where something is missing.
std::string shortened(std::string text, std::size_t bytes);

// What is wrong with JSON given as data: `pointer` is its place (RFC 6901). `help` may be empty.
struct DataError {
  std::string pointer;
  std::string message;
  std::string help = {};
};

// Bounds on what is parsed. Exceeding one is a diagnostic, never a crash.
struct Limits {
  std::size_t text_bytes = 16U << 20U;
  std::uint32_t policies = 100'000;
  std::uint32_t declarations = 100'000;  // of a schema
  std::uint32_t depth = 200;             // of an expression's tree, and of JSON values
  std::uint32_t diagnostics = 100;       // after which parsing gives up
};

// The name of an entity. `type` is a path as written in policies ("App::User"), `id` any text.
class EntityUid {
 public:
  EntityUid(std::string type, std::string id);
  const std::string& type() const { return type_; }
  const std::string& id() const { return id_; }
  std::uint64_t hash() const { return hash_; }
  friend bool operator==(const EntityUid&, const EntityUid&) = default;

 private:
  std::string type_;
  std::string id_;
  std::uint64_t hash_;
};

// As in policies: App::User::"alice", escaped.
std::string to_string(const EntityUid& uid);

enum class Effect : std::uint8_t { kPermit, kForbid };

// What fills the slots of a template.
struct SlotValues {
  std::optional<EntityUid> principal = {};
  std::optional<EntityUid> resource = {};
};

// One policy of a PolicySet: as written, a link, or (among its templates) a template. Of a link, everything
// but the id and the slots' values is its template's.
class Policy {
 public:
  explicit Policy(const ast::Policy& node) : node_(&node) {}
  std::string_view id() const;
  // What people are told: a link's own id, else its @id, else (without one, or with an empty one) its id.
  std::string_view name() const;
  Effect effect() const;
  std::size_t annotation_count() const;
  std::pair<std::string_view, std::string_view> annotation(
      std::size_t index) const;                                             // name, value; as written
  std::optional<std::string_view> annotation(std::string_view name) const;  // `@name` alone: ""
  Span span() const;                                                        // annotations to `;`
  Position position() const;
  std::string_view source() const;  // the text that spans and positions refer to
  bool has_principal_slot() const;
  bool has_resource_slot() const;
  std::optional<std::string_view> template_id() const;  // of a link
  SlotValues slot_values() const;                       // of a link

  // As text of its own, without comments, and in the JSON policy format. Of a link: the static policy that it
  // stands for.
  std::string to_cedar() const;
  std::string to_json() const;

  const ast::Policy& node() const { return *node_; }

 private:
  const ast::Policy* node_;
};

// Policies and links, indexed by scope, and the templates. All three share one space of ids.
class PolicySet {
 public:
  // Policies and templates get the ids "policy0", "policy1", … by position in the text.
  static std::expected<PolicySet, Diagnostics> parse(std::string_view text, const Limits& limits = {});

  // The JSON policy format: {"staticPolicies": {id: policy}, "templates": {id: template}, "templateLinks":
  // [{"templateId", "newId", "values": {"?principal": entity}}]}. What is missing is empty. Chains of `&&`
  // and
  // `||`, which nest in JSON, may have a thousand operands.
  static std::expected<PolicySet, DataError> parse_json(std::string_view json, const Limits& limits = {});

  PolicySet();                                             // empty: denies everything
  std::span<const Policy> policies() const;                // what is evaluated: as written, and links
  std::span<const Policy> templates() const;               // never evaluated themselves
  const Policy* find(std::string_view id) const;           // nullptr: no such policy or link
  const Policy* find_template(std::string_view id) const;  // nullptr: no such template
  std::string to_json() const;                             // as parse_json reads it; without line ends

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  friend class PolicySetBuilder;
  explicit PolicySet(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// Why a template cannot be linked.
struct LinkError {
  std::string message;
  std::string help;
};

// Puts a PolicySet together. Not thread-safe; spent by `build`. What fails changes nothing.
class PolicySetBuilder {
 public:
  explicit PolicySetBuilder(const Limits& limits = {});
  // Goes on from a set, which stays as it is; what both hold is shared.
  explicit PolicySetBuilder(const PolicySet& base, const Limits& limits = {});
  PolicySetBuilder(PolicySetBuilder&&) noexcept;
  PolicySetBuilder& operator=(PolicySetBuilder&&) noexcept;
  ~PolicySetBuilder();

  // The policies and templates of a text, with the ids "policy0", "policy1", … by position in it.
  // Errors: everything that is wrong with the text; an id that is taken.
  std::expected<void, Diagnostics> add(std::string_view text);
  // As above, for a text of exactly one policy or template, whose id is given.
  std::expected<void, Diagnostics> add(std::string_view text, std::string_view id);
  // A policy or template in the JSON policy format. Its source() is the text that it stands for.
  std::expected<void, DataError> add_json(std::string_view json, std::string_view id);

  // A policy `new_id` from a template of this set. Errors: no such template, the id is taken, a slot without
  // a value, a value without a slot.
  std::expected<void, LinkError> link(std::string_view template_id, std::string_view new_id,
                                      const SlotValues& values);
  // As `templateLinks` of the JSON policy format: an array of {"templateId", "newId", "values"}. Where one of
  // them fails, those before it are there.
  std::expected<void, DataError> link_json(std::string_view json);

  PolicySet build() &&;

 private:
  std::expected<std::vector<ast::Policy>, Diagnostics> parse(std::string_view text,
                                                             std::optional<std::string_view> only_id);
  void keep(std::span<const ast::Policy> trees);  // that were parsed
  friend class PolicySetJson;
  std::expected<void, DataError> add_tree(const ast::Policy& tree, std::string_view id);
  std::expected<void, Diagnostics> add_all(std::string_view text, std::optional<std::string_view> only_id);

  std::unique_ptr<PolicySet::Impl> impl_;
  Limits limits_;
};

// The entities that policies can see: attributes, tags, and the hierarchy, whose transitive closure is taken
// here. An entity that is named as a parent needs no entry of its own.
class Entities {
 public:
  // A JSON array of {"uid", "attrs", "parents", "tags"}; values with the escapes `__entity` and `__extn`.
  // Errors: bad JSON, null, fractions, integers beyond 64 bits, two different entries of one uid, a cycle.
  static std::expected<Entities, DataError> parse_json(std::string_view json, const Limits& limits = {});
  static std::expected<Entities, DataError> from_json(const boost::json::value& json,
                                                      const Limits& limits = {});

  // As above, where the schema says what each value is: an entity may be `{"type", "id"}`, a value of an
  // extension type its text. Everything must be as the schema declares it; its actions are added.
  static std::expected<Entities, DataError> parse_json(std::string_view json, const Schema& schema,
                                                       const Limits& limits = {});
  static std::expected<Entities, DataError> from_json(const boost::json::value& json, const Schema& schema,
                                                      const Limits& limits = {});

  Entities();  // none
  std::size_t size() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  friend class EntitiesBuilder;
  static std::expected<Entities, DataError> read(const Json& json, const Limits& limits,
                                                 const Schema* schema);
  explicit Entities(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// Builds Entities from a program. Not thread-safe; spent by `build`.
class EntitiesBuilder {
 public:
  explicit EntitiesBuilder(const Limits& limits = {});
  EntitiesBuilder(EntitiesBuilder&&) noexcept;
  EntitiesBuilder& operator=(EntitiesBuilder&&) noexcept;
  ~EntitiesBuilder();

  // Attributes and tags are JSON with the same escapes as in entities JSON.
  std::expected<void, DataError> add(const EntityUid& uid, std::span<const EntityUid> parents = {},
                                     const boost::json::object& attributes = {},
                                     const boost::json::object& tags = {});
  std::expected<Entities, DataError> build() &&;

 private:
  std::shared_ptr<Entities::Impl> impl_;
  Limits limits_;
};

// The record that policies see as `context`.
class Context {
 public:
  // Values as in entities JSON.
  static std::expected<Context, DataError> from_json(const boost::json::object& json,
                                                     const Limits& limits = {});
  // As above; also refuses a name that an object has twice, which a parsed object no longer shows.
  static std::expected<Context, DataError> parse_json(std::string_view json, const Limits& limits = {});

  // As above, where the schema says what the context of this action is. It is checked with the request.
  // Errors: also an action that the schema does not have.
  static std::expected<Context, DataError> from_json(const boost::json::object& json, const Schema& schema,
                                                     const EntityUid& action, const Limits& limits = {});
  static std::expected<Context, DataError> parse_json(std::string_view json, const Schema& schema,
                                                      const EntityUid& action, const Limits& limits = {});

  Context();  // empty

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  friend struct Request;
  friend class PartialContext;  // partial.h
  static std::expected<Context, DataError> read(const Json& json, const Limits& limits,
                                                const Type* expected = nullptr);
  explicit Context(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

struct Request {
  // {"principal", "action", "resource", "context"}, entities as {"type", "id"}.
  static std::expected<Request, DataError> parse_json(std::string_view json, const Limits& limits = {});

  EntityUid principal;
  EntityUid action;
  EntityUid resource;
  Context context = {};
};

enum class Decision : std::uint8_t { kAllow, kDeny };

struct PolicyError {
  const Policy* policy = nullptr;
  std::string message;
  Position position;  // of the operation that failed, in the policy text
};

struct Response {
  Decision decision = Decision::kDeny;
  std::vector<const Policy*> determining;  // satisfied forbids, else satisfied permits; by position
  std::vector<PolicyError> errors;         // policies that were skipped because they erred; by position
};

Response authorize(const Request& request, const PolicySet& policies, const Entities& entities);

// As above, into a response whose capacity is reused: no allocation on the common path.
void authorize(const Request& request, const PolicySet& policies, const Entities& entities,
               Response& response);

}  // namespace cedar
