// Entries of the log as the API answers with them.
//
// Thread-safety: on the thread of the reader.

#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string_view>
#include <utility>

#include "admin/names.h"

namespace remit::admin {

// Few entries have more than 2 KiB, and none more than 64: with this bound an answer stays within what JSON
// parsers take (base/canonical_json.h), whatever agents put into the names of their arguments.
inline constexpr std::size_t kMaxAnswerBytes = std::size_t{2} * 1024 * 1024;

using Entry = std::pair<std::uint64_t, boost::json::object>;

// Errors: kInternal RMT-A006.
Result<boost::json::object> parse_entry(std::uint64_t index, std::string_view text);

// {"index", "entry", "names"}: the entry as it was written, and what its ids are called. Errors: the store's.
Result<boost::json::object> view(Entry entry, Names& names);

}  // namespace remit::admin
