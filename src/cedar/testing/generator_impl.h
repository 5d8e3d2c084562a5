// What the parts of the generator share: the dice, and the schema as a tree.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "cedar/testing/generator.h"

namespace cedar::testing {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : source_(seed) {}
  std::size_t below(std::size_t limit) { return source_() % limit; }
  bool chance(std::size_t percent) { return below(100) < percent; }
  template <typename Range>
  const auto& pick(const Range& from) {
    return from[below(std::size(from))];
  }
  std::string pick(std::initializer_list<std::string_view> from) {
    return std::string(from.begin()[below(from.size())]);
  }

 private:
  std::mt19937_64 source_;
};

enum class Base : std::uint8_t {
  kBool,
  kLong,
  kString,
  kEntity,
  kSet,
  kRecord,
  kDecimal,
  kDatetime,
  kDuration,
  kIp
};

struct Attribute;

struct GeneratedType {
  explicit GeneratedType(Base of = Base::kBool);
  GeneratedType(const GeneratedType&);
  GeneratedType(GeneratedType&&) noexcept;
  GeneratedType& operator=(const GeneratedType&);
  GeneratedType& operator=(GeneratedType&&) noexcept;
  ~GeneratedType();

  Base base;
  std::size_t entity = 0;                        // kEntity: index
  std::shared_ptr<const GeneratedType> element;  // kSet
  std::vector<Attribute> attributes;             // kRecord
  std::string alias;                             // the common type that it is written as
};
struct Attribute {
  std::string name;
  GeneratedType type;
  bool required = true;
};
inline GeneratedType::GeneratedType(Base of) : base(of) {}
inline GeneratedType::GeneratedType(const GeneratedType&) = default;
inline GeneratedType::GeneratedType(GeneratedType&&) noexcept = default;
inline GeneratedType& GeneratedType::operator=(const GeneratedType&) = default;
inline GeneratedType& GeneratedType::operator=(GeneratedType&&) noexcept = default;
inline GeneratedType::~GeneratedType() = default;

inline GeneratedType record_of(std::vector<Attribute> attributes) {
  GeneratedType out(Base::kRecord);
  out.attributes = std::move(attributes);
  return out;
}

// Whether they are the same type, however written.
bool same(const GeneratedType& a, const GeneratedType& b);

struct EntityDeclaration {
  std::string space;  // namespace; "": none
  std::string name;   // complete
  std::vector<std::size_t> parents;
  std::vector<Attribute> attributes;
  std::optional<GeneratedType> tags;
  std::vector<std::string> ids;  // those there may be, when enumerated; else those that are used
  bool enumerated = false;
};

struct ActionDeclaration {
  std::string space;
  std::string id;
  std::vector<std::size_t> groups;  // earlier ones
  std::vector<std::size_t> principals;
  std::vector<std::size_t> resources;
  GeneratedType context{Base::kRecord};
  EntityUid uid() const { return {space.empty() ? "Action" : space + "::Action", id}; }
};

struct Model {
  std::vector<std::pair<std::string, GeneratedType>> common;  // complete name
  std::vector<EntityDeclaration> entities;
  std::vector<ActionDeclaration> actions;  // never empty; some apply to nothing
};

Model make_model(Dice& dice);
std::string print_schema(const Model& model, Dice& dice);
std::string print_schema_json(const Model& model, Dice& dice);
std::string inside(std::string_view space, std::string_view name);
std::string space_of(std::string_view name);
// How values are written in JSON: so that they explain themselves, or as the schema lets them be understood.
enum class Escapes : std::uint8_t { kExplicit, kBySchema };
std::string make_entities(const Model& model, Escapes escapes, Dice& dice);
// A value of the type as JSON, or one that is nearly of the type.
std::string make_json_value(const Model& model, const GeneratedType& type, Escapes escapes, Dice& dice);

// Texts that come again and again, so that comparisons meet.
std::string any_text(Dice& dice);
std::string any_number(Dice& dice);
// What the constructor of the extension type takes, in so many of a thousand cases; else nearly that.
std::string extension_text(Base base, std::size_t good_per_mille, Dice& dice);
// Made from the syntax of the type, at random; about half of them are in range.
std::string composed_extension_text(Base base, Dice& dice);
std::string_view constructor_of(Base base);

std::string json_text(std::string_view text);
// A string literal of policies, in one of the ways it can be written.
std::string policy_text(std::string_view text, Dice& dice);
// What stands at the right of `like`.
std::string pattern_text(Dice& dice);
// With comments, and blanks of all kinds, where blanks are.
std::string with_comments(std::string_view text, Dice& dice);
bool is_plain_name(std::string_view name);

// In JSON; mostly well formed.
std::string make_policy_tree(const Model& model, Dice& dice);

void make_policies(const Model& model, const WorldSize& size, Dice& dice, World& world);

}  // namespace cedar::testing
