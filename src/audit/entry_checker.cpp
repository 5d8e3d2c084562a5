#include "audit/entry_checker.h"

#include <algorithm>

#include "base/canonical_json.h"
#include "base/clock.h"

namespace remit::audit {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxProblems = 1000;

// A member's text, or "" where it is missing or of another type.
std::string_view text_of(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : "";
}

std::int64_t number_of(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_int64() ? value->get_int64() : -1;
}

}  // namespace

void EntryChecker::problem(std::uint64_t index, std::string what) {
  if (report_.problems.size() < kMaxProblems) report_.problems.push_back({index, std::move(what)});
}

void EntryChecker::check(std::uint64_t index, std::string_view text) {
  ++report_.entries;
  json::object entry;
  if (!check_form(index, text, entry)) {
    last_.reset();  // the next entry's number cannot be judged
    return;
  }
  ++report_.kinds[std::string(text_of(entry, "kind"))];
  check_time(index, entry);
  check_number(index, entry);
  check_pairing(index, entry);
}

bool EntryChecker::check_form(std::uint64_t index, std::string_view text, json::object& entry) {
  auto value = parse_json(text);
  if (!value || !value->is_object()) return problem(index, "is not a JSON object"), false;
  entry = std::move(value->get_object());
  if (number_of(entry, "v") != 1) return problem(index, "is of a version that is not known here"), false;
  if (text_of(entry, "kind").empty() || text_of(entry, "writer").empty() || number_of(entry, "n") < 0 ||
      !parse_instant(text_of(entry, "time")))
    return problem(index, "lacks its kind, time, writer or number"), false;
  if (canonical_json(entry) != text) problem(index, "is not in canonical form");
  return true;
}

void EntryChecker::check_time(std::uint64_t index, const json::object& entry) {
  const auto time = text_of(entry, "time");
  if (report_.first_time.empty()) report_.first_time = time;
  // The one form that is written sorts as the times do.
  if (time < report_.last_time)
    problem(index,
            "is of " + std::string(time) + ", before the entry in front of it (" + report_.last_time + ")");
  report_.last_time = std::max(report_.last_time, std::string(time));
}

void EntryChecker::check_number(std::uint64_t index, const json::object& entry) {
  const Last now{.writer = std::string(text_of(entry, "writer")), .n = number_of(entry, "n")};
  const auto before = std::exchange(last_, now);
  const auto* after = entry.if_contains("after");
  const bool start = text_of(entry, "kind") == "start";
  if (index == 0) {
    if (!start || now.n != 0 || after != nullptr) problem(index, "is not the beginning of a log");
    return;
  }
  if (!before) return;
  const std::string in_front = "number " + std::to_string(before->n) + " of writer " + before->writer;
  if (!start) {
    if (now.writer != before->writer || now.n != before->n + 1)
      problem(index, "is number " + std::to_string(now.n) + " of writer " + now.writer + " and follows " +
                         in_front + ": what was between is missing");
    return;
  }
  const bool named = after != nullptr && after->is_object() &&
                     text_of(after->get_object(), "writer") == before->writer &&
                     number_of(after->get_object(), "n") == before->n;
  if (now.n != 0 || !named)
    problem(index, "begins writer " + now.writer + ", who does not name " + in_front +
                       " as what came before: what was between is missing");
}

void EntryChecker::check_pairing(std::uint64_t index, const json::object& entry) {
  const auto kind = text_of(entry, "kind");
  if (kind != "intent" && kind != "outcome") return;
  const std::string decision(text_of(entry, "decision"));
  if (kind == "intent") {
    if (decision.empty() || !intents_.emplace(decision, index).second)
      problem(index, "is an intent whose decision is missing, or has an intent already");
    return;
  }
  const auto intent = intents_.find(decision);
  if (intent == intents_.end())
    return problem(index, "is an outcome without an intent (decision " + decision + ")");
  if (number_of(entry, "intent") != static_cast<std::int64_t>(intent->second))
    problem(index, "is an outcome that names another entry than its intent");
  intents_.erase(intent);
}

void EntryChecker::finish() {
  for (const auto& [decision, index] : intents_) report_.open.push_back({decision, index});
  std::ranges::sort(report_.open, {}, &OpenDecision::intent);
}

}  // namespace remit::audit
