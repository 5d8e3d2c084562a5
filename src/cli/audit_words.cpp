#include "cli/audit_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>

#include "base/error.h"
#include "base/id.h"
#include "base/visible.h"
#include "cli/output.h"

namespace remit::cli {
namespace {

namespace json = boost::json;

// What changes say. {by}: who decided, {object}: what was changed; {agent}, {tool}, {owner}, {hold}: from the
// detail.
constexpr auto kPhrases = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"human.add", "{by} added {object}"},
     {"human.leave", "{by} recorded that {object} has left"},
     {"service.add", "{by} added the service {object}"},
     {"service.owner", "{object} is owned by {to} now, after {from}"},
     {"agent.register", "{by} registered {object}, owned by {owner}"},
     {"agent.submit", "{object} was submitted for approval"},
     {"agent.approve", "{by} approved {object}"},
     {"agent.refuse", "{by} refused {object}"},
     {"agent.renew", "{by} renewed {object} from {from} to {to}"},
     {"agent.retire", "{by} retired {object}"},
     {"agent.owner", "{object} is owned by {to} now, after {from}"},
     {"agent.kill", "{by} killed {object}"},
     {"kill.confirm", "{by} confirmed that {agent} may go on"},
     {"kill.lift", "{by} lifted the kill of {agent}, confirmed by {confirmed_by}"},
     {"hold.place", "{by} held {object} as {hold}"},
     {"hold.lift", "{by} lifted the hold {hold} of {object}"},
     {"hold.mend", "the cause of the hold {hold} of {object} is gone"},
     {"credential.add", "{by} gave {agent} the key {object}"},
     {"credential.revoke", "{by} revoked the key {object} of {agent}"},
     {"grant.add", "{by} granted {tool} to {agent}"},
     {"grant.revoke", "{by} took {tool} from {agent}"},
     {"grant.end", "{by} ended every grant of {object}"},
     {"destination.add", "{by} added the destination {object}, owned by {owner}"},
     {"destination.set", "{by} changed the destination {object}"},
     {"destination.secret", "{by} replaced a credential of {object}"},
     {"destination.instructions", "{object} has other instructions for its users"},
     {"destination.credential_echoed", "{object} said its credential back"},
     {"destination.set-aside", "{object} lists tools that cannot be used"},
     {"destination.retire", "{by} retired the destination {object}"},
     {"tool.discover", "{object} was found at {destination}"},
     {"tool.classify", "{by} classified {object} as {effect} on {data_class} data"},
     {"tool.quarantine", "{object} is offered otherwise than it is pinned"},
     {"tool.restore", "{object} is offered as it is pinned again"},
     {"tool.pin", "{by} accepted the changed definition of {object}"},
     {"tool.missing", "{object} is not listed any more"},
     {"tool.return", "{object} is listed again"},
     {"tool.retire", "{by} retired {object}"},
     {"policy.publish", "{by} published policies for {environment}"},
     {"names.record", "names of before were committed to"}});

const json::object& entry_of(const json::object& item) { return item.at("entry").as_object(); }

const json::object& entry_detail(const json::object& item) {
  static const json::object kNone;
  const auto* detail = entry_of(item).if_contains("detail");
  return detail != nullptr && detail->is_object() ? detail->get_object() : kNone;
}

std::string_view text_in(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : "";
}

// Whoever decided, as the detail names them, else who acted.
std::string_view who_decided(const json::object& item) {
  for (const auto* member : {"approver", "lifter", "killer", "person"})
    if (const auto person = text_in(entry_detail(item), member); !person.empty()) return person;
  return text_in(entry_of(item), "actor");
}

// The agent or deployment that an entry is about.
std::string_view whose(const json::object& item) {
  const auto& entry = entry_of(item);
  for (const auto id : {text_in(entry, "deployment"), text_in(entry_detail(item), "deployment"),
                        text_in(entry, "object"), text_in(entry_detail(item), "agent")})
    if (is_id("dep", id) || is_id("agt", id)) return id;
  return {};
}

std::string word_for(const json::object& item, std::string_view placeholder) {
  if (placeholder == "by") return called(item, who_decided(item));
  if (placeholder == "object") return called(item, text_in(entry_of(item), "object"));
  if (placeholder == "agent") return called(item, whose(item));
  const auto text = text_in(entry_detail(item), placeholder);
  return text.empty() ? "nobody" : called(item, text);
}

std::string filled(const json::object& item, std::string_view phrase) {
  std::string text;
  while (!phrase.empty()) {
    const auto open = phrase.find('{');
    text += phrase.substr(0, open);
    if (open == std::string_view::npos) break;
    const auto close = phrase.find('}', open);
    text += word_for(item, phrase.substr(open + 1, close - open - 1));
    phrase.remove_prefix(close + 1);
  }
  return text;
}

// "allow", "allow, ok", "deny RMT-D041".
std::string result_of(const json::object& item) {
  const auto& entry = entry_of(item);
  std::string text = visible(text_in(entry, "verdict"));
  const auto* outcome = item.if_contains("outcome");
  if (outcome != nullptr && outcome->is_object()) {
    text += ", " + cell(outcome->get_object().if_contains("status"));
    if (outcome->get_object().contains("delivered")) text += ", undelivered";
  } else if (text != "allow" && !text.empty()) {
    text += " " + visible(text_in(entry, "reason"));
  } else if (text == "allow") {
    text += ", not ended";
  }
  return text;
}

std::string tool_of(const json::object& item) {
  const auto& entry = entry_of(item);
  for (const auto tool : {text_in(entry, "tool"), text_in(entry_detail(item), "tool")})
    if (!tool.empty()) return called(item, tool);
  return called(item, text_in(entry, "tool_asked"));
}

std::string call_sentence(const json::object& item) {
  const auto& entry = entry_of(item);
  const auto verdict = text_in(entry, "verdict");
  auto text = fmt::format("{} called {}", called(item, whose(item)), tool_of(item));
  if (const auto effect = text_in(entry, "effect"); !effect.empty())
    text += fmt::format(" ({}, {} data)", visible(effect), visible(text_in(entry, "data_class")));
  const std::string_view told = verdict == "allow" ? "allowed" : verdict == "hold" ? "held" : "denied";
  text += fmt::format(": {}", told);
  const auto code = text_in(entry, "reason");
  if (const auto* reason = find_error(code); reason != nullptr && verdict != "allow")
    text += fmt::format(", {}: {}", code, reason->title);
  const auto* outcome = item.if_contains("outcome");
  if (outcome != nullptr && outcome->is_object())
    text += fmt::format("; it ended with {}", cell(outcome->get_object().if_contains("status")));
  else if (outcome != nullptr && verdict == "allow")
    text += "; the log does not say yet how it ended";
  return text;
}

std::string shown_value(const json::object& item, const json::value& value) {
  if (!value.is_string()) return value.is_array() ? cell(&value) : visible(json::serialize(value));
  const auto name = called(item, value.get_string());
  const auto text = visible(value.get_string());
  return name == text ? text : fmt::format("{}  ({})", name, text);
}

void add_lines(const json::object& item, const json::object& members, const std::string& prefix,
               std::vector<std::pair<std::string, std::string>>& lines) {
  for (const auto& [name, value] : members) {
    const auto heading = prefix + visible(name);
    if (value.is_object() && !value.get_object().empty())
      add_lines(item, value.get_object(), heading + ".", lines);
    else
      lines.emplace_back(heading, shown_value(item, value));
  }
}

}  // namespace

std::string called(const json::object& item, std::string_view id) {
  const auto* names = item.if_contains("names");
  const auto* name = names != nullptr && names->is_object() ? names->get_object().if_contains(id) : nullptr;
  return name != nullptr && name->is_string() ? visible(name->get_string()) : visible(id);
}

std::string sentence(const json::object& item) {
  const auto& entry = entry_of(item);
  const auto kind = text_in(entry, "kind");
  if (kind == "intent" || kind == "denial") return call_sentence(item);
  if (kind == "outcome") {
    std::string text = fmt::format("the call of entry {} ended with {}", cell(entry.if_contains("intent")),
                                   visible(text_in(entry, "status")));
    if (const auto* delivered = entry.if_contains("delivered"); delivered != nullptr && *delivered == false)
      text += ", and nobody was there to hear it";
    return text;
  }
  if (kind == "undelivered") return "the answer of a call did not reach its agent";
  if (kind == "start") return "the server began to write";
  if (kind == "clock") return "the clock stood before the last entry";
  if (kind != "governance") return visible(kind);
  const auto action = text_in(entry, "action");
  const auto phrase =
      std::ranges::find(kPhrases, action, &std::pair<std::string_view, std::string_view>::first);
  if (phrase != kPhrases.end()) return filled(item, phrase->second);
  return fmt::format("{}: {} {}", called(item, who_decided(item)), visible(action),
                     called(item, text_in(entry, "object")));
}

std::vector<std::string> entry_row(const json::object& item) {
  const auto& entry = entry_of(item);
  const auto kind = text_in(entry, "kind");
  const bool call = kind == "intent" || kind == "denial";
  const bool change = kind == "governance";
  const auto agent = whose(item);
  auto on = tool_of(item);
  if (on.empty() && change && text_in(entry, "object") != agent) on = called(item, text_in(entry, "object"));
  const auto effect = call ? text_in(entry, "effect") : text_in(entry_detail(item), "effect");
  const auto or_dash = [](const std::string& text) { return text.empty() ? std::string("-") : text; };
  return {cell(item.if_contains("index")),
          visible(text_in(entry, "time").substr(0, 19)),
          call ? "call" : visible(change ? text_in(entry, "action") : kind),
          or_dash(called(item, agent)),
          or_dash(on),
          or_dash(visible(effect)),
          or_dash(call ? result_of(item) : ""),
          or_dash(change ? called(item, who_decided(item)) : "")};
}

std::vector<std::pair<std::string, std::string>> entry_lines(const json::object& item) {
  std::vector<std::pair<std::string, std::string>> lines;
  add_lines(item, entry_of(item), "", lines);
  if (const auto* outcome = item.if_contains("outcome"); outcome != nullptr && outcome->is_object())
    add_lines(item, outcome->get_object(), "outcome.", lines);
  return lines;
}

}  // namespace remit::cli
