// What the public values share behind their pointers.

#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <string_view>
#include <vector>

#include "cedar/authorize.h"
#include "cedar/engine/compiler.h"
#include "cedar/engine/entity_store.h"
#include "cedar/syntax/ast.h"
#include "cedar/syntax/diagnostic.h"
#include "cedar/values/arena.h"
#include "cedar/values/flat_table.h"

namespace cedar {

// Where trees live. Sets that go on from one another share it.
struct PolicyMemory {
  Arena arena;
  std::deque<Source> sources;
};

struct PolicySet::Impl {
  std::vector<std::shared_ptr<PolicyMemory>> memory;  // a builder adds to the last, which no set shares yet
  std::vector<Policy> policies;
  std::vector<Policy> templates;
  FlatTable ids;  // of policies (2 * place) and of templates (2 * place + 1)
  Compiled compiled;

  const Policy* find(std::string_view id, bool is_template) const;
  bool has(std::string_view id) const { return find(id, false) != nullptr || find(id, true) != nullptr; }
  std::size_t size() const { return policies.size() + templates.size(); }
  void add(const ast::Policy& tree);
};

struct Entities::Impl {
  Arena arena;
  EntityStore store;
};

struct Context::Impl {
  Impl() : arena(buffer) {}

  // One allocation for all of most contexts.
  alignas(std::max_align_t) std::array<std::byte, 1024> buffer;  // not cleared
  Arena arena;
  Value record = Value::record({});
};

}  // namespace cedar
