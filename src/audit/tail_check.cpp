#include "audit/tail_check.h"

#include <fmt/format.h>

#include <boost/json/object.hpp>

#include "base/canonical_json.h"
#include "base/clock.h"

namespace remit::audit {
namespace {

namespace json = boost::json;

constexpr std::int64_t kRowsAtATime = 1024;

std::unexpected<Error> damaged(std::int64_t index, std::string_view what) {
  return fail(ErrorKind::kConflict, "RMT-A024", fmt::format("entry {} of the log {}", index, what));
}

std::string text_member(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t number_member(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_int64() ? value->get_int64() : -1;
}

struct Entry {
  std::int64_t index = 0;
  std::string writer;
  std::int64_t n = 0;
  std::int64_t time = 0;
  json::object body;
  std::string kind() const { return text_member(body, "kind"); }
  std::string decision() const { return text_member(body, "decision"); }
};

// A row of idx, writer, n, time, entry whose columns are those of its entry.
Result<Entry> read_row(const store::Row& row) {
  const auto index = row.integer(0);
  const auto& text = row.text(4);
  auto value = parse_json(text);
  if (!value || !value->is_object() || canonical_json(*value) != text)
    return damaged(index, "is not one that Remit has written");
  Entry entry{.index = index,
              .writer = row.text(1),
              .n = row.integer(2),
              .time = row.integer(3),
              .body = std::move(value->get_object())};
  if (number_member(entry.body, "v") != 1 || entry.kind().empty())
    return damaged(index, "is not one that Remit has written");
  if (text_member(entry.body, "writer") != entry.writer || number_member(entry.body, "n") != entry.n ||
      text_member(entry.body, "time") != format_instant(from_micros(entry.time)))
    return damaged(index, "was changed: its row says another writer, number or time than the entry itself");
  return entry;
}

class TailCheck {
 public:
  explicit TailCheck(store::Reader& reader) : reader_(reader) {}

  Result<void> run(std::int64_t first) {
    std::optional<Entry> before;
    for (std::int64_t next = std::max<std::int64_t>(0, first - 1);;) {
      ASSIGN_OR_RETURN(const auto rows,
                       reader_.query("SELECT idx, writer, n, time, entry FROM log_entry WHERE idx >= ? "
                                     "ORDER BY idx LIMIT ?",
                                     {next, kRowsAtATime}));
      for (const auto& row : rows) {
        if (row.integer(0) != next) return damaged(next, "is missing in the store");
        ASSIGN_OR_RETURN(auto entry, read_row(row));
        if (next >= first) TRY(follows(entry, before));
        before = std::move(entry);
        ++next;
      }
      if (rows.size() < kRowsAtATime) break;
    }
    return open_calls(first);
  }

 private:
  Result<void> follows(const Entry& entry, const std::optional<Entry>& before) {
    const auto* after = entry.body.if_contains("after");
    if (!before) {
      if (entry.kind() != "start" || entry.n != 0 || after != nullptr)
        return damaged(entry.index, "is not the beginning of a log");
      return {};
    }
    if (entry.time < before->time)
      return damaged(entry.index, "is of an earlier time than the one before it");
    if (entry.kind() == "start") {
      const auto* named = after != nullptr ? after->if_object() : nullptr;
      if (entry.n != 0 || named == nullptr || text_member(*named, "writer") != before->writer ||
          number_member(*named, "n") != before->n)
        return damaged(entry.index, "begins a writer who does not name the entry in front of it");
    } else if (entry.writer != before->writer || entry.n != before->n + 1) {
      return damaged(entry.index, "does not follow the one in front of it: its writer or number is another");
    }
    return pairs(entry);
  }

  Result<void> pairs(const Entry& entry) {
    const auto kind = entry.kind();
    if (kind != "intent" && kind != "outcome") return {};
    ASSIGN_OR_RETURN(
        const auto earlier,
        reader_.query("SELECT idx, entry FROM log_entry WHERE subject = ? AND idx < ? ORDER BY idx",
                      {entry.decision(), entry.index}));
    if (kind == "intent")
      return earlier.empty() ? Result<void>() : damaged(entry.index, "is a second intent of its decision");
    if (earlier.size() != 1 || earlier.front().integer(0) != number_member(entry.body, "intent") ||
        !is_intent(earlier.front().text(1)))
      return damaged(entry.index, "is an outcome without the intent that it names");
    return {};
  }

  static bool is_intent(std::string_view text) {
    const auto value = parse_json(text);
    return value && value->is_object() && text_member(value->get_object(), "kind") == "intent";
  }

  // The list of open calls: each has its intent and no outcome, and no intent of the tail is left out.
  Result<void> open_calls(std::int64_t first) {
    ASSIGN_OR_RETURN(const auto open, reader_.query("SELECT decision, idx FROM log_open ORDER BY idx"));
    for (const auto& row : open) {
      const auto index = row.integer(1);
      ASSIGN_OR_RETURN(
          const auto about,
          reader_.query("SELECT idx, entry FROM log_entry WHERE subject = ? ORDER BY idx LIMIT 2",
                        {row.text(0)}));
      if (about.size() != 1 || about.front().integer(0) != index || !is_intent(about.front().text(1)))
        return fail(ErrorKind::kConflict, "RMT-A024",
                    fmt::format("the store lists decision {} as an open call, which the log does not have at "
                                "entry {}",
                                row.text(0), index));
    }
    ASSIGN_OR_RETURN(
        const auto left_out,
        reader_.query(
            "SELECT e.idx, e.entry FROM log_entry e WHERE e.idx >= ? AND e.subject IS NOT NULL AND NOT "
            "EXISTS (SELECT 1 FROM log_open o WHERE o.decision = e.subject) AND NOT EXISTS (SELECT 1 "
            "FROM log_entry l WHERE l.subject = e.subject AND l.idx > e.idx)",
            {first}));
    for (const auto& row : left_out)
      if (is_intent(row.text(1)))
        return damaged(row.integer(0), "is an intent that is neither open nor has an outcome");
    return {};
  }

  store::Reader& reader_;
};

}  // namespace

Result<void> check_tail(store::Reader& reader, std::uint64_t first) {
  return TailCheck(reader).run(static_cast<std::int64_t>(first));
}

}  // namespace remit::audit
