#include "cedar/schema/shapes.h"

#include <vector>

namespace cedar {
namespace {

// Builds keys that are equal exactly when their parts are.
class Key {
 public:
  explicit Key(char kind) : text_(1, kind) {}
  Key& number(std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) text_ += static_cast<char>((value >> shift) & 0xFFU);
    return *this;
  }
  Key& text(std::string_view text) {
    number(text.size());
    text_ += text;
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_literal(Key& key, const Value& value) {
  key.number(static_cast<std::uint64_t>(value.kind()));
  if (value.kind() == Kind::kString) {
    key.text(value.text());
  } else if (value.kind() == Kind::kEntity) {
    key.text(value.uid().type).text(value.uid().id);
  } else {
    key.number(static_cast<std::uint64_t>(value.number()));
  }
}

}  // namespace

std::uint32_t ShapeTable::shape(std::string key) {
  return shapes_.emplace(std::move(key), static_cast<std::uint32_t>(shapes_.size())).first->second;
}

std::uint32_t ShapeTable::known(std::string key) {
  return known_.emplace(std::move(key), static_cast<std::uint32_t>(known_.size())).first->second;
}

void ShapeTable::clear() {
  shapes_.clear();
  known_.clear();
  by_node_.clear();
  known_by_node_.clear();
}

std::uint32_t ShapeTable::attribute_of(std::uint32_t operand, std::string_view name) {
  return shape(Key(static_cast<char>(ast::ExprKind::kGet)).number(operand).text(name).take());
}

std::uint32_t ShapeTable::has_attribute(std::uint32_t operand, std::string_view name) {
  return known(Key('a').number(operand).text(name).take());
}

std::uint32_t ShapeTable::has_attribute(const ast::Get& expr) {
  const auto found = known_by_node_.find(&expr);
  if (found != known_by_node_.end()) return found->second;
  return known_by_node_[&expr] = has_attribute(of(*expr.operand), expr.name);
}

std::uint32_t ShapeTable::has_tag(const ast::Binary& expr) {
  const auto found = known_by_node_.find(&expr);
  if (found != known_by_node_.end()) return found->second;
  return known_by_node_[&expr] = known(Key('t').number(of(*expr.left)).number(of(*expr.right)).take());
}

std::uint32_t ShapeTable::of(const ast::Expr& expr) {
  const auto found = by_node_.find(&expr);
  if (found != by_node_.end()) return found->second;

  using ast::ExprKind;
  Key key(static_cast<char>(expr.kind));
  const auto add = [&](const ast::Expr& child) { key.number(of(child)); };
  switch (expr.kind) {
    case ExprKind::kLiteral:
      add_literal(key, as<ast::Literal>(expr).value);
      break;
    case ExprKind::kVariable:
      key.number(static_cast<std::uint64_t>(as<ast::VariableRef>(expr).variable));
      break;
    case ExprKind::kNot:
    case ExprKind::kNegate:
    case ExprKind::kIsEmpty:
      add(*as<ast::Unary>(expr).operand);
      break;
    case ExprKind::kBinary:
      key.number(static_cast<std::uint64_t>(as<ast::Binary>(expr).op));
      add(*as<ast::Binary>(expr).left);
      add(*as<ast::Binary>(expr).right);
      break;
    case ExprKind::kAnd:
    case ExprKind::kOr:
      for (const ast::Expr* operand : as<ast::Logic>(expr).operands) add(*operand);
      break;
    case ExprKind::kIf:
      add(*as<ast::If>(expr).condition);
      add(*as<ast::If>(expr).then_branch);
      add(*as<ast::If>(expr).else_branch);
      break;
    case ExprKind::kHas:
      add(*as<ast::Has>(expr).operand);
      for (const std::string_view name : as<ast::Has>(expr).path) key.text(name);
      break;
    case ExprKind::kGet: {
      const auto& get = as<ast::Get>(expr);
      return by_node_[&expr] = attribute_of(of(*get.operand), get.name);
    }
    case ExprKind::kLike:
      add(*as<ast::Like>(expr).operand);
      for (const std::string_view piece : as<ast::Like>(expr).pattern.pieces) key.text(piece);
      break;
    case ExprKind::kIs:
      add(*as<ast::Is>(expr).operand);
      key.text(as<ast::Is>(expr).type);
      if (as<ast::Is>(expr).ancestor != nullptr) add(*as<ast::Is>(expr).ancestor);
      break;
    case ExprKind::kSet:
      for (const ast::Expr* element : as<ast::SetExpr>(expr).elements) add(*element);
      break;
    case ExprKind::kRecord: {
      std::vector<const ast::RecordField*> fields;
      for (const ast::RecordField& field : as<ast::RecordExpr>(expr).fields) fields.push_back(&field);
      std::ranges::sort(fields, {}, &ast::RecordField::name);
      for (const ast::RecordField* field : fields) {
        key.text(field->name);
        add(*field->value);
      }
      break;
    }
    case ExprKind::kCall:
      key.text(as<ast::Call>(expr).function->name);
      for (const ast::Expr* argument : as<ast::Call>(expr).arguments) add(*argument);
      break;
  }
  return by_node_[&expr] = shape(key.take());
}

}  // namespace cedar
