#include "audit/names_file.h"

#include <algorithm>
#include <fstream>
#include <limits>

#include "base/canonical_json.h"

namespace remit::audit {
namespace {

constexpr std::string_view kNameField = "names.";

}  // namespace

Result<NamesFile> NamesFile::read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorKind::kNotFound, "RMT-A013", "there is no names file `" + file.string() + "`");
  NamesFile names;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    auto opening = parse_opening(line);
    if (!opening)
      return fail(ErrorKind::kInvalid, "RMT-A016",
                  file.string() + ":" + std::to_string(number) + ": " + opening.error().message);
    const auto place = names.all_.size();
    names.by_field_[{opening->field, opening->entry}] = place;
    names.by_entry_.emplace(opening->entry, place);
    if (opening->field.starts_with(kNameField) && opening->value->is_string())
      names.by_name_.emplace(std::string(opening->value->get_string()), place);
    names.all_.push_back({.opening = std::move(*opening)});
  }
  return names;
}

Result<bool> NamesFile::counts(Kept& kept, ProvenLog& log) {
  if (kept.opening.entry >= log.size()) return false;
  if (kept.checked) return true;
  ASSIGN_OR_RETURN(const auto text, log.entry(kept.opening.entry));
  ASSIGN_OR_RETURN(const auto entry, parse_json(text));
  if (!entry.is_object()) return false;
  TRY(check_opening(kept.opening, entry.get_object()));
  kept.checked = true;
  return true;
}

Result<std::optional<std::string>> NamesFile::name_of(std::string_view id, ProvenLog& log) {
  const auto field = std::string(kNameField) + std::string(id);
  // From the last on.
  auto found = by_field_.upper_bound({field, std::numeric_limits<std::uint64_t>::max()});
  while (found != by_field_.begin()) {
    --found;
    if (found->first.first != field) break;
    auto& kept = all_.at(found->second);
    ASSIGN_OR_RETURN(const bool good, counts(kept, log));
    if (good && kept.opening.value->is_string()) return std::string(kept.opening.value->get_string());
  }
  return std::nullopt;
}

Result<std::vector<std::string>> NamesFile::ids_called(std::string_view name, ProvenLog& log) {
  std::vector<std::string> ids;
  const auto [first, last] = by_name_.equal_range(std::string(name));
  for (auto found = first; found != last; ++found) {
    auto& kept = all_.at(found->second);
    ASSIGN_OR_RETURN(const bool good, counts(kept, log));
    if (good) ids.push_back(kept.opening.field.substr(kNameField.size()));
  }
  std::ranges::sort(ids);
  return ids;
}

Result<std::vector<Opening>> NamesFile::openings_of(std::uint64_t entry, ProvenLog& log) {
  std::vector<Opening> openings;
  const auto [first, last] = by_entry_.equal_range(entry);
  for (auto found = first; found != last; ++found) {
    auto& kept = all_.at(found->second);
    ASSIGN_OR_RETURN(const bool good, counts(kept, log));
    if (good) openings.push_back(kept.opening);
  }
  return openings;
}

}  // namespace remit::audit
