// The compiled form of a policy set: what deciding reads, and nothing else.
//
// Expressions are nodes of 16 bytes in one array, each kept once however many policies hold it. A node that
// several places share has a slot, so that one decision computes it once. A policy is a list of tests, all of
// which must hold: those of its scope, then the conjuncts of its conditions, in their order.
//
// The program knows whether a policy is satisfied, is not, or errs; not why. Messages and places are the
// evaluator's business (evaluator.h), over the syntax tree.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "cedar/syntax/ast.h"
#include "cedar/values/flat_table.h"

namespace cedar {

enum class Op : std::uint8_t {
  kConstant,   // a: of the constants
  kVariable,   // a: ast::Variable
  kNot,        // a
  kNegate,     // a
  kIsEmpty,    // a
  kEqual,      // a, b
  kLess,       // a, b
  kLessEqual,  // a, b
  kAdd,        // a, b
  kSubtract,   // a, b
  kMultiply,   // a, b
  kIn,         // a, b
  kContains,   // a, b
  kContainsAll,
  kContainsAny,
  kGetTag,  // a, b
  kHasTag,  // a, b
  kAnd,     // a: of the lists, b: how many nodes there
  kOr,      // as above
  kIf,      // a, b, c
  kHas,     // a; b: of the constants, a name
  kGet,     // as above
  kLike,    // a; b: of the patterns
  kIs,      // a; b: of the constants, a type
  kSet,     // a: of the lists, b: how many nodes there
  kRecord,  // a: of the lists, b: how many pairs there of a name (of the constants) and a node, sorted by
            // name
  kCall     // a: of the lists, b: how many nodes there; c: of functions()
};

using NodeId = std::uint32_t;

struct Node {
  static constexpr std::uint32_t kNoSlot = 0xFF'FFFF;

  Op op;
  std::uint32_t slot : 24 = kNoSlot;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t c = 0;
};
static_assert(sizeof(Node) == 16);

// One test of a policy: a node that must be true, or must be false.
struct Test {
  std::uint32_t node : 31;
  std::uint32_t wanted : 1;
};
static_assert(sizeof(Test) == 4);

// A policy as a range of tests.
struct CompiledPolicy {
  std::uint32_t place = 0;  // among the policies of the set
  std::uint32_t first = 0;
  std::uint32_t count : 31 = 0;
  std::uint32_t forbids : 1 = 0;
};

class Program {
 public:
  const Node* nodes() const { return nodes_.data(); }
  const Value* constants() const { return constants_.data(); }
  std::span<const std::uint32_t> list(std::uint32_t first, std::uint32_t count) const {
    return {lists_.data() + first, count};
  }
  const Pattern& pattern(std::uint32_t index) const { return *patterns_[index]; }
  std::span<const Test> tests(const CompiledPolicy& policy) const {
    return {tests_.data() + policy.first, policy.count};
  }
  std::size_t slots() const { return slots_; }

 private:
  friend class Compiler;

  std::vector<Node> nodes_;
  std::vector<Value> constants_;
  std::vector<std::uint32_t> lists_;
  std::vector<const Pattern*> patterns_;
  std::vector<Test> tests_;
  std::uint32_t slots_ = 0;
};

}  // namespace cedar
