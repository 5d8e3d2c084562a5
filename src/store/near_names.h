// Near names: which name somebody may have meant who gave one that no row has.
//
// Only names that stand beside it in their order are looked at, a few on either side, so that it costs the
// same in a world of any size. A slip in the first letters is not found where there are many.
//
// Thread-safety: a pure function over a reader.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace remit::store {

// Where names are. SQL of the program's own, with `?` for each of the parameters in their order.
struct NamedRows {
  std::string_view from;         // a table
  std::string_view key;          // the column by which it is looked up: there is an index
  std::string_view shown;        // an expression, the name for people; null: not this one
  std::string_view where = "1";  // what else must hold
  std::vector<Value> parameters = {};
};

// "; did you mean `crm-bot`?", or nothing: the end of a message. Errors: the store's.
Result<std::string> nearest_hint(Reader& reader, std::string_view name, const NamedRows& rows);

}  // namespace remit::store
