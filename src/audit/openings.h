// Openings: what shows that a commitment in the log is one to a certain value: its salt and the value. They
// lie in the erasable table, apart from the log; whoever has an opening and the entry needs to trust neither
// who gave it nor where it was kept.
//
// An entry has its commitments in these places, which are called fields: "names.<id>" (what that id is called
// from then on), "texts.<what>", "reason", "tool_asked" (the name of no tool that an agent asked for),
// "arguments.<name>" or "arguments", "result". Of arguments and
// results the salt alone is kept: who knows the value can show that it is the one.
//
// A names file has one opening a line, as JSON (openings that were erased are not in it):
//   {"entry":12,"field":"names.agt_…","salt":"<base64url>","value":"invoice-bot"}
//
// Thread-safety: values and functions; those that take a reader run on its thread.

#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/log.h"

namespace remit::audit {

struct Opening {
  std::uint64_t entry = 0;
  std::string field;
  Bytes salt;
  std::optional<boost::json::value> value = {};  // none: it is not kept
};

boost::json::object to_json(const Opening& opening);
// `value` may be missing. Errors: kInvalid RMT-A016.
Result<Opening> opening_of(const boost::json::value& json);
// A line of a names file, which has a value. Errors: kInvalid RMT-A016.
Result<Opening> parse_opening(std::string_view line);

// The commitment that an entry has in a field; none where it has no such field.
std::optional<std::string_view> commitment_at(const boost::json::object& entry, std::string_view field);
// Whether the value is what the entry commits to. Errors: kForbidden RMT-A015 (it is not, or nothing is
// committed to there).
Result<void> check_opening(const Opening& opening, const boost::json::object& entry);

// What an agent asked for that is the name of no tool of its: to the names of an entry's ids, under the
// commitment to it, where one of the openings has it. Entries of before have it as it is.
void add_tool_asked(const boost::json::object& entry, const std::vector<Opening>& openings,
                    boost::json::object& names);

// The openings of an entry that are there, in the order of their fields.
Result<std::vector<Opening>> openings_of(store::Reader& reader, std::uint64_t entry);
// Of names and other texts alone, those whose value is there: the first `limit` after a place, in the order
// of entries and fields.
struct OpeningPlace {
  std::int64_t entry = -1;
  std::string field;
};
Result<std::vector<Opening>> text_openings(store::Reader& reader, const OpeningPlace& after,
                                           std::uint64_t limit);

// What an id was called last, living or retired; none where it has no name or that was erased.
Result<std::optional<std::string>> name_of(store::Reader& reader, std::string_view id);
// Everything that is or was called so.
Result<std::vector<std::string>> ids_called(store::Reader& reader, std::string_view name);

// The names by id of all that the store has. Errors: the store's.
using NamesOf = std::function<Result<std::map<std::string, std::string>>(store::Reader&)>;
// Commits to the names of ids that were given before names were in the log, in "names.record" events.
// Where there is nothing to do, nothing is written.
Result<void> record_older_names(store::Store& store, Log& log, const NamesOf& names_of);

}  // namespace remit::audit
