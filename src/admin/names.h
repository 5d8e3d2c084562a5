// The names behind the ids of the log: of agents, tools, destinations, people and services, also of those
// that were retired since. The log has ids alone, so that names can be erased and changed.
//
// Thread-safety: on the thread of the reader.

#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "snapshot/snapshot.h"
#include "store/store.h"

namespace remit::admin {

class Names {
 public:
  // Both must outlive it.
  Names(const snapshot::Snapshot& snapshot, store::Reader& reader) : snapshot_(snapshot), reader_(reader) {}

  // "production/invoice-bot", "erp/create_payment", "erp", "maria"; none for what has no name. What was asked
  // is remembered. Errors: the store's.
  Result<std::optional<std::string>> of(const std::string& id);

  // Of all ids that are values in an entry of the log, at any depth: {"dep_…": "production/invoice-bot"}.
  Result<boost::json::object> in(const boost::json::object& entry);

 private:
  Result<std::optional<std::string>> find(const std::string& id);

  const snapshot::Snapshot& snapshot_;
  store::Reader& reader_;
  std::map<std::string, std::optional<std::string>> known_;
};

}  // namespace remit::admin
