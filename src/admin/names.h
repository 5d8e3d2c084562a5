// The names behind the ids of the log: of agents, tools, destinations, people and services, also of those
// that were retired since, as the log's erasable table has them (audit/openings.h). What was erased has none.
//
// Thread-safety: on the thread of the reader.

#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "store/store.h"

namespace remit::admin {

class Names {
 public:
  // It must outlive this.
  explicit Names(store::Reader& reader) : reader_(reader) {}

  // "production/invoice-bot", "erp/create_payment", "erp", "maria"; none for what has no name. What was found
  // is remembered, what an agent asked for too. Errors: the store's.
  Result<std::optional<std::string>> of(const std::string& id);

  // Of all ids that are values in the entry of that index, at any depth: {"dep_…": "production/invoice-bot"};
  // and what an agent asked for under the commitment to it (audit::add_tool_asked).
  Result<boost::json::object> in(std::uint64_t index, const boost::json::object& entry);

 private:
  store::Reader& reader_;
  std::map<std::string, std::optional<std::string>> known_;
};

}  // namespace remit::admin
