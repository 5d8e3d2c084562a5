// Runs a Program over one request: whether a policy is satisfied, is not, or errs.
//
// Computes a shared node once. Allocates only for sets and records that policies write with variables in
// them, and for calls of functions, from the scratch arena. Recursion is as deep as the tree, which the
// parser bounds.

#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "cedar/engine/entity_store.h"
#include "cedar/engine/program.h"
#include "cedar/engine/scope_index.h"

namespace cedar {

// Memory that the decisions of one thread share, so that they need not allocate. What a decision leaves there
// means nothing to the next.
class Scratch {
 public:
  ScopeIndex::Scratch index;

 private:
  friend class Machine;
  struct Kept {
    std::uint32_t decision = 0;  // which one computed it
    Value value;
  };
  std::vector<Kept> kept_;
  std::uint32_t decision_ = 0;
};

enum class Truth : std::uint8_t { kFalse, kTrue, kError };

class Machine {
 public:
  struct Request {
    Subject principal;
    Subject action;
    Subject resource;
    Value context;
  };

  // All of it must outlive the machine.
  Machine(const Program& program, const Request& request, const EntityStore& entities, Scratch& scratch,
          Arena& arena);

  Truth satisfied(const CompiledPolicy& policy);

 private:
  [[gnu::always_inline]] Value value(NodeId id);
  Value kept(const Node& node);
  Value compute(const Node& node);
  Value logic(const Node& node, bool decisive);
  Value less(const Node& node, bool or_equal);
  Value arithmetic(const Node& node);
  Value in(const Value& left, const Value& right) const;
  Value set_operation(const Node& node);
  Value tag(const Node& node);
  Value has(const Node& node);
  Value get(const Node& node);
  Value make_set(const Node& node);
  Value make_record(const Node& node);
  Value call(const Node& node);
  const Entity* entity(const Uid& uid) const;

  std::string_view name(std::uint32_t constant) const { return constants_[constant].text(); }

  const Program& program_;
  const Node* nodes_;
  const Value* constants_;
  const Request& request_;
  const EntityStore& entities_;
  Scratch::Kept* kept_;
  std::uint32_t decision_;
  Arena& arena_;
  std::array<Value, 4> variables_;
};

}  // namespace cedar
