#include "server/cautions.h"

#include <fmt/format.h>

namespace remit::server {
namespace {

constexpr std::string_view kClock = "clock";

constexpr std::string_view kTable =
    "CREATE TABLE plane_caution (kind TEXT PRIMARY KEY, since BIGINT NOT NULL, what TEXT NOT NULL);";

}  // namespace

std::vector<store::Migration> caution_migrations() { return {{601, "plane_caution", kTable}}; }

Result<void> raise_caution(store::Transaction& tx, const Caution& caution) {
  TRY(tx.execute(
      "INSERT INTO plane_caution (kind, since, what) VALUES (?, ?, ?) ON CONFLICT (kind) DO UPDATE SET "
      "what = excluded.what",
      {caution.kind, to_micros(caution.since), caution.what}));
  return {};
}

Result<std::vector<Caution>> cautions(store::Reader& reader, audit::Log* log, Instant now) {
  ASSIGN_OR_RETURN(const auto rows,
                   reader.query("SELECT kind, since, what FROM plane_caution ORDER BY kind"));
  std::vector<Caution> all;
  all.reserve(rows.size());
  for (const auto& row : rows)
    all.push_back({.kind = row.text(0), .since = from_micros(row.integer(1)), .what = row.text(2)});
  if (log == nullptr) return all;
  ASSIGN_OR_RETURN(const bool believed, log->believes_clock(reader));
  if (!believed)
    all.push_back({.kind = std::string(kClock),
                   .since = now,
                   .what = fmt::format("the clock says {}, far ahead of the last entry of the log",
                                       format_instant(now))});
  return all;
}

Result<void> confirm_caution(store::Transaction& tx, audit::Log& log, const audit::Actor& actor,
                             std::string_view kind, std::string reason) {
  const audit::GovernanceEvent event{
      .actor = actor, .action = "caution.confirm", .object = std::string(kind), .reason = std::move(reason)};
  const auto none = [&] {
    return fail(ErrorKind::kNotFound, "RMT-X034",
                fmt::format("nothing waits for `{}` to be confirmed", kind));
  };
  if (kind == kClock) {
    ASSIGN_OR_RETURN(const bool believed, log.believes_clock(tx));
    if (believed) return none();
    TRY(log.confirm_clock(tx, event));
    TRY(tx.next_revision());
    return {};
  }
  ASSIGN_OR_RETURN(const auto gone,
                   tx.execute("DELETE FROM plane_caution WHERE kind = ?", {std::string(kind)}));
  if (gone == 0) return none();
  TRY(log.append_governance(tx, event));
  TRY(tx.next_revision());
  return {};
}

}  // namespace remit::server
