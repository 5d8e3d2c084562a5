// Tells which expressions of a policy are the same, and numbers what is known about them: validation lets an
// optional attribute, or a tag, be read where a test has shown that it is there, of an expression written the
// same way.
//
// One table a policy; nothing in it depends on a request environment.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cedar/syntax/ast.h"

namespace cedar {

class ShapeTable {
 public:
  // The number of an expression's shape: equal for expressions that differ only in where they stand.
  std::uint32_t of(const ast::Expr& expr);
  // As of `operand.name`.
  std::uint32_t attribute_of(std::uint32_t operand, std::string_view name);

  // The numbers of what can be known, from 0: that an attribute is there, that a tag is.
  std::uint32_t has_attribute(std::uint32_t operand, std::string_view name);
  std::uint32_t has_tag(const ast::Binary& expr);  // of getTag and hasTag
  std::uint32_t has_attribute(const ast::Get& expr);
  std::size_t known_count() const { return known_.size(); }

  void clear();

 private:
  std::uint32_t shape(std::string key);
  std::uint32_t known(std::string key);

  std::unordered_map<std::string, std::uint32_t> shapes_;
  std::unordered_map<std::string, std::uint32_t> known_;
  std::unordered_map<const ast::Expr*, std::uint32_t> by_node_;
  std::unordered_map<const ast::Expr*, std::uint32_t> known_by_node_;
};

}  // namespace cedar
