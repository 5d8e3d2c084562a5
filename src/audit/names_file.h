// NamesFile: openings of names and texts that somebody took along, for a log of which only the folder is at
// hand. The file need not be trusted: each opening counts only if the entry that it names, proven against the
// log's checkpoint, commits to it. That is looked at when it is used.
//
// Thread-safety: one thread.

#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "audit/openings.h"
#include "audit/proven_log.h"

namespace remit::audit {

class NamesFile {
 public:
  NamesFile() = default;  // no names at all
  // Errors: kNotFound RMT-A013 (no such file), kInvalid RMT-A016 with the line.
  static Result<NamesFile> read(const std::filesystem::path& file);

  // As openings.h has them. Openings of entries that the log's checkpoint does not cover are passed over.
  // Errors: kForbidden RMT-A015 (the file says what the log does not), those of ProvenLog::entry.
  Result<std::optional<std::string>> name_of(std::string_view id, ProvenLog& log);
  Result<std::vector<std::string>> ids_called(std::string_view name, ProvenLog& log);
  Result<std::vector<Opening>> openings_of(std::uint64_t entry, ProvenLog& log);

 private:
  struct Kept {
    Opening opening;
    bool checked = false;
  };
  Result<bool> counts(Kept& kept, ProvenLog& log);

  std::vector<Kept> all_;
  std::map<std::pair<std::string, std::uint64_t>, std::size_t> by_field_;  // with the entry
  std::multimap<std::string, std::size_t> by_name_;
  std::multimap<std::uint64_t, std::size_t> by_entry_;
};

}  // namespace remit::audit
