#include "admin/entries.h"

#include <fmt/format.h>

#include "base/canonical_json.h"

namespace remit::admin {

namespace json = boost::json;

Result<json::object> parse_entry(std::uint64_t index, std::string_view text) {
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object())
    return fail(ErrorKind::kInternal, "RMT-A006",
                fmt::format("entry {} of the log is no JSON object", index));
  return std::move(parsed->get_object());
}

Result<json::object> view(Entry entry, Names& names) {
  ASSIGN_OR_RETURN(auto known, names.in(entry.first, entry.second));
  return json::object{
      {"index", entry.first}, {"entry", std::move(entry.second)}, {"names", std::move(known)}};
}

}  // namespace remit::admin
