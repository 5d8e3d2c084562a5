#include "store/near_names.h"

#include <fmt/format.h>

#include <utility>

#include "base/nearest.h"

namespace remit::store {
namespace {

constexpr int kOnASide = 20;

}  // namespace

Result<std::string> nearest_hint(Reader& reader, std::string_view name, const NamedRows& rows) {
  auto parameters = rows.parameters;
  parameters.emplace_back(std::string(name));
  std::vector<std::string> names;
  for (const auto& [beside, order] : {std::pair(">=", "ASC"), std::pair("<", "DESC")}) {
    ASSIGN_OR_RETURN(
        const auto found,
        reader.query(fmt::format("SELECT {} FROM {} WHERE {} AND {} {} ? ORDER BY {} {} LIMIT {}", rows.shown,
                                 rows.from, rows.where, rows.key, beside, rows.key, order, kOnASide),
                     parameters));
    for (const auto& row : found)
      if (!row.is_null(0)) names.push_back(row.text(0));
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  return remit::nearest_hint(name, known);
}

}  // namespace remit::store
