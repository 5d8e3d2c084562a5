#include "issuer/spent_assertions.h"

#include <algorithm>

namespace remit::issuer {
namespace {

constexpr std::string_view kSpent =
    "CREATE TABLE spent_assertion (token BLOB PRIMARY KEY, client BLOB NOT NULL, environment TEXT NOT NULL, "
    "until_at BIGINT NOT NULL);"
    "CREATE INDEX spent_assertion_end ON spent_assertion (until_at);"
    // Of a store that was in use before there was this table nobody knows how its server ended.
    "CREATE TABLE issuing (id INTEGER PRIMARY KEY CHECK (id = 1), in_order INTEGER NOT NULL, "
    "known_since BIGINT NOT NULL);"
    "INSERT INTO issuing (id, in_order, known_since) SELECT 1, CASE WHEN revision > 0 THEN 0 ELSE 1 END, 0 "
    "FROM store_revision;";

Bytes bytes_of(const Digest& digest) { return {digest.bytes.begin(), digest.bytes.end()}; }

Digest digest_of(const Bytes& bytes) {
  Digest digest;
  std::ranges::copy_n(bytes.begin(), static_cast<std::ptrdiff_t>(std::min(bytes.size(), digest.bytes.size())),
                      digest.bytes.begin());
  return digest;
}

Result<void> keep_all(store::Transaction& tx, const std::vector<Remembered>& all, Instant now) {
  TRY(tx.execute("DELETE FROM spent_assertion WHERE until_at <= ?", {to_micros(now)}));
  for (const auto& [environment, some] : all)
    for (const auto& spent : some)
      TRY(
          tx.execute("INSERT INTO spent_assertion (token, client, environment, until_at) "
                     "VALUES (?, ?, ?, ?) ON CONFLICT (token) DO NOTHING",
                     {bytes_of(spent.token), bytes_of(spent.client), std::string(to_string(environment)),
                      to_micros(spent.until)}));
  return {};
}

}  // namespace

std::vector<store::Migration> migrations() { return {{400, "spent_assertion", kSpent}}; }

Result<void> keep(store::Transaction& tx, Environment environment, const Spent& spent, Instant now) {
  return keep_all(tx, {{environment, {spent}}}, now);
}

Result<Instant> begin_issuing(store::Transaction& tx, Instant now) {
  ASSIGN_OR_RETURN(const auto rows, tx.query("SELECT in_order, known_since FROM issuing"));
  const bool in_order = rows.front().integer(0) == 1;
  const Instant since = in_order ? from_micros(rows.front().integer(1)) : now;
  TRY(tx.execute("UPDATE issuing SET in_order = 0, known_since = ?", {to_micros(since)}));
  return since;
}

Result<void> end_issuing(store::Transaction& tx, const std::vector<Remembered>& all, Instant now) {
  TRY(keep_all(tx, all, now));
  TRY(tx.execute("UPDATE issuing SET in_order = 1"));
  return {};
}

Result<void> recall(store::Reader& reader, Environment environment, MemoryReplayCache& cache) {
  ASSIGN_OR_RETURN(const auto rows,
                   reader.query("SELECT token, client, until_at FROM spent_assertion WHERE environment = ?",
                                {std::string(to_string(environment))}));
  for (const auto& row : rows)
    cache.recall({.token = digest_of(row.blob(0)),
                  .client = digest_of(row.blob(1)),
                  .until = from_micros(row.integer(2))});
  return {};
}

}  // namespace remit::issuer
