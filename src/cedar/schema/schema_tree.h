// The syntax tree of schemas, as written: what both parsers make, what both printers and the resolver read.
// Nothing is resolved here. Nodes live in an Arena.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "cedar/authorize.h"

namespace cedar::schema_ast {

struct Annotation {
  std::string_view name;
  std::optional<std::string_view> value;  // `@name` alone has none
};

// What a name may stand for: in Cedar syntax the context says so, in JSON the writer does.
enum class TypeForm : std::uint8_t { kName, kCommon, kEntity, kExtension, kPrimitive, kSet, kRecord };

struct Attribute;

struct TypeExpr {
  TypeForm form = TypeForm::kRecord;
  Span span;
  std::string_view name = {};         // all but kSet and kRecord; a path; of a primitive as Cedar writes it
  const TypeExpr* element = nullptr;  // kSet
  std::span<const Attribute> attributes = {};  // kRecord; names differ
};

struct Attribute {
  std::string_view name;
  Span span;
  bool required = true;
  const TypeExpr* type = nullptr;
  std::span<const Annotation> annotations;
};

struct NameRef {
  std::string_view name;  // a path
  Span span;
};

struct ActionRef {
  std::string_view type;  // empty: the namespace's own actions
  std::string_view id;
  Span span;
};

struct EntityDecl {
  std::string_view name;
  Span span;  // of the name
  std::span<const Annotation> annotations;
  bool is_external = false;  // declared, and defined in another schema (RFC 116); has only parents
  bool is_enumerated = false;
  std::span<const std::string_view> ids;  // enumerated
  std::span<const NameRef> parents;
  const TypeExpr* shape = nullptr;  // nullptr: no attributes
  const TypeExpr* tags = nullptr;   // nullptr: none
};

struct CommonDecl {
  std::string_view name;
  Span span;  // of the name
  std::span<const Annotation> annotations;
  const TypeExpr* type = nullptr;
};

struct ActionDecl {
  std::string_view id;
  Span span;  // of the name
  std::span<const Annotation> annotations;
  bool is_external = false;                           // as above
  std::optional<std::span<const ActionRef>> parents;  // JSON tells none from an empty list
  bool applies = false;
  std::span<const NameRef> principals;
  std::span<const NameRef> resources;
  const TypeExpr* context = nullptr;  // nullptr: empty
};

struct Namespace {
  std::string_view name;  // empty: outside of all
  Span span;              // of the name
  std::span<const Annotation> annotations;
  std::vector<CommonDecl> commons;
  std::vector<EntityDecl> entities;
  std::vector<ActionDecl> actions;
};

using Tree = std::vector<Namespace>;  // names differ

}  // namespace cedar::schema_ast
