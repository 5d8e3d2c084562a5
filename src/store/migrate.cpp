#include "store/migrate.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/sha256.h"

namespace remit::store {
namespace {

constexpr std::int64_t kApplicationId = 0x52656d74;  // "Remt", in the file's header

constexpr std::string_view kOwnTables = R"sql(
CREATE TABLE store_migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE store_revision (id INTEGER PRIMARY KEY CHECK (id = 1), revision BIGINT NOT NULL);
INSERT INTO store_revision (id, revision) VALUES (1, 0);
)sql";

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorKind::kInvalid, "RMT-S002", std::move(message));
}

Result<void> in_transaction(Connection& connection, const std::function<Result<void>()>& work) {
  TRY(connection.script("BEGIN IMMEDIATE"));
  auto done = work();
  if (done) done = connection.script("COMMIT");
  if (!done && connection.in_transaction()) std::ignore = connection.script("ROLLBACK");
  return done;
}

Result<void> set_up(Connection& connection) {
  ASSIGN_OR_RETURN(auto id, connection.query("PRAGMA application_id", {}));
  if (id.at(0).integer(0) == kApplicationId) return {};
  ASSIGN_OR_RETURN(auto tables, connection.query("SELECT count(*) FROM sqlite_master", {}));
  if (id.at(0).integer(0) != 0 || tables.at(0).integer(0) != 0)
    return refuse("the file is a database of another program");
  return in_transaction(connection, [&] {
    return connection.script(std::string(kOwnTables) +
                             "PRAGMA application_id = " + std::to_string(kApplicationId) + ";");
  });
}

}  // namespace

Result<void> migrate(Connection& connection, std::vector<Migration> migrations,
                     const std::function<Result<void>()>& afterwards) {
  TRY(set_up(connection));
  ASSIGN_OR_RETURN(auto rows, connection.query("SELECT number, name, digest FROM store_migration", {}));
  std::map<std::int64_t, Row> applied;
  for (auto& row : rows) applied.emplace(row.integer(0), std::move(row));

  std::ranges::sort(migrations, {}, &Migration::number);
  for (std::size_t i = 1; i < migrations.size(); ++i)
    if (migrations[i - 1].number == migrations[i].number)
      return refuse("two migrations have the number " + std::to_string(migrations[i].number));

  // Everything is checked before anything is changed: a store that this program cannot serve stays as it was.
  std::vector<Migration> missing;
  for (const auto& migration : migrations) {
    auto known = applied.extract(migration.number);
    if (known.empty())
      missing.push_back(migration);
    else if (known.mapped().text(2) != sha256(migration.sql).hex())
      return refuse("migration " + std::to_string(migration.number) + " `" + std::string(migration.name) +
                    "` is not the one that this store was made with");
  }
  if (!applied.empty())
    return refuse("the store has migration " + std::to_string(applied.begin()->first) + " `" +
                  applied.begin()->second.text(1) + "`, which this version of Remit does not know");

  if (missing.empty()) return {};
  return in_transaction(connection, [&]() -> Result<void> {
    for (const auto& migration : missing) {
      // Name and digest are ours and hold no quote: names are identifiers, the digest is hex.
      TRY(connection.script(std::string(migration.sql) + "\n;INSERT INTO store_migration VALUES (" +
                            std::to_string(migration.number) + ", '" + std::string(migration.name) + "', '" +
                            sha256(migration.sql).hex() + "');"));
    }
    return afterwards();
  });
}

}  // namespace remit::store
