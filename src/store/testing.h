// What the tests of the store have in common: one table, and rows put in and counted.

#pragma once

#include "store/store.h"
#include "store/temp_folder.h"

namespace remit::store {

inline constexpr Migration kTable{1, "note_table",
                                  "CREATE TABLE note (id BIGINT PRIMARY KEY, text TEXT NOT NULL)"};

inline Options options(const std::filesystem::path& file, std::string vfs = {}) {
  return Options{.file = file, .migrations = {kTable}, .vfs = std::move(vfs)};
}

inline Store::Work put(std::int64_t id, std::string text = "x") {
  return [id, text](Transaction& tx) -> Result<void> {
    TRY(tx.execute("INSERT INTO note (id, text) VALUES (?, ?)", {id, text}));
    return {};
  };
}

inline std::vector<std::int64_t> ids(Store& store) {
  std::vector<std::int64_t> found;
  const auto done = store.read([&](Reader& reader) -> Result<void> {
    ASSIGN_OR_RETURN(auto rows, reader.query("SELECT id FROM note ORDER BY id"));
    for (const auto& row : rows) found.push_back(row.integer(0));
    return {};
  });
  if (!done) found.push_back(-1);
  return found;
}

}  // namespace remit::store
