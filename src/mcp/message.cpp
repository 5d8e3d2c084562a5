#include "mcp/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/canonical_json.h"
#include "mcp/glimpse.h"
#include "mcp/id_finder.h"
#include "mcp/raw_json.h"

namespace remit::mcp {
namespace {

namespace json = boost::json;

std::unexpected<Refusal> refuse(int rpc_code, std::string_view code, std::string message,
                                std::optional<Id> id = std::nullopt, ErrorKind kind = ErrorKind::kInvalid) {
  return std::unexpected(Refusal{Error{kind, code, std::move(message)}, rpc_code, std::move(id)});
}

// More than a text of max_id_bytes can bring within the range of a double, which parse_json holds to.
constexpr std::int64_t kMostScale = 1024;

// The integer that a JSON number means, as its decimal digits: 1 for `1.0`, `10e-1` and `1E0` (JSON Schema
// 2020-12 §4.2.3: a zero fraction makes no difference). None where it means no integer.
std::optional<std::string> integer_digits(std::string_view number) {
  const bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  const auto mantissa = number.substr(0, number.find_first_of("eE"));
  auto power = number.substr(mantissa.size());
  const auto whole = mantissa.substr(0, mantissa.find('.'));
  const auto fraction = mantissa.substr(std::min(whole.size() + 1, mantissa.size()));

  std::string digits(whole);
  digits += fraction;
  digits.erase(0, digits.find_first_not_of('0'));
  if (digits.empty()) return "0";

  std::int64_t scale = 0;
  if (!power.empty()) {
    power.remove_prefix(power.starts_with("e+") || power.starts_with("E+") ? 2 : 1);
    const auto [end, error] = std::from_chars(power.data(), power.data() + power.size(), scale);
    if (error != std::errc{} || end != power.data() + power.size()) return std::nullopt;
  }
  if (std::abs(scale) > kMostScale) return std::nullopt;
  scale -= static_cast<std::int64_t>(fraction.size());
  if (scale >= 0) {
    digits.append(static_cast<std::size_t>(scale), '0');
  } else {
    const auto below = static_cast<std::size_t>(-scale);
    if (below >= digits.size() || digits.find_last_not_of('0') >= digits.size() - below) return std::nullopt;
    digits.resize(digits.size() - below);
  }
  if (negative) digits.insert(digits.begin(), '-');
  return digits;
}

Result<json::value> parse(std::string_view text, const MessageLimits& limits) {
  const JsonLimits json_limits{.max_bytes = limits.max_bytes, .max_depth = limits.max_depth};
  auto parsed = parse_json(text, json_limits);
  if (parsed || !limits.of_server || parsed.error().kind == ErrorKind::kTooLarge) return parsed;
  const auto paired = without_lone_surrogates(text);
  return paired ? parse_json(*paired, json_limits) : std::move(parsed);
}

Refusal unreadable(std::string_view text, Error why, const MessageLimits& limits) {
  const bool too_large = why.kind == ErrorKind::kTooLarge;
  Refusal refusal{.error = {why.kind, too_large ? "RMT-M002" : "RMT-M001", std::move(why.message)},
                  .rpc_code = too_large ? kInvalidRequest : kParseError};
  if (!limits.of_server) {
    if (too_large) {
      IdFinder finder;
      finder.read(text);
      refusal.id = finder.request_id();
    }
    return refusal;
  }
  const auto seen = glimpse(text);
  refusal.id = seen.id;
  refusal.is_answer = seen.is_answer;
  refusal.error.message = what_is_wrong(text, std::move(refusal.error.message));
  return refusal;
}

}  // namespace

Id Id::number(std::int64_t value) {
  auto digits = fmt::to_string(value);
  return Id(digits, digits);
}

Id Id::string(std::string_view value) { return Id(mcp::quoted(value), fmt::format("\"{}", value)); }

std::optional<Id> Id::from_token(std::string_view raw, const json::value& value) {
  if (const auto* text = value.if_string())
    return Id(std::string(raw), fmt::format("\"{}", std::string_view(text->data(), text->size())));
  if (!value.is_number()) return std::nullopt;
  auto digits = integer_digits(raw);
  if (!digits) return std::nullopt;
  return Id(std::string(raw), std::move(*digits));
}

std::optional<std::int64_t> Id::as_number() const {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(key_.data(), key_.data() + key_.size(), value);
  if (error != std::errc{} || end != key_.data() + key_.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> Id::as_own() const {
  if (!key_.starts_with('"')) return as_number();
  const std::string_view digits = std::string_view(key_).substr(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::string_view Message::method() const {
  if (kind_ != MessageKind::kRequest && kind_ != MessageKind::kNotification) return {};
  const auto& method = body_.get_object().at("method").get_string();
  return {method.data(), method.size()};
}

const json::object* Message::part_if(MessageKind a, MessageKind b) const {
  if ((kind_ != a && kind_ != b) || part_key_.empty()) return nullptr;
  return body_.get_object().at(part_key_).if_object();
}

int Message::error_code() const { return error() ? static_cast<int>(error()->at("code").get_int64()) : 0; }

std::string_view Message::error_message() const {
  if (!error()) return {};
  const auto& text = error()->at("message").get_string();
  return {text.data(), text.size()};
}

const json::object* Message::meta() const {
  const auto* holder = params() ? params() : result();
  if (!holder) return nullptr;
  const auto* meta = holder->if_contains("_meta");
  return meta ? meta->if_object() : nullptr;
}

std::expected<Message, Refusal> parse_message(std::string text, const MessageLimits& limits) {
  constexpr std::string_view kBom = "\xEF\xBB\xBF";
  if (limits.of_server && text.starts_with(kBom))
    text.erase(0, kBom.size());  // RFC 8259 §8.1: may be ignored
  auto parsed = parse(text, limits);
  if (!parsed) return std::unexpected(unreadable(text, std::move(parsed).error(), limits));

  Message message;
  message.text_ = std::move(text);
  message.body_ = std::move(*parsed);
  if (message.body_.is_array())
    return refuse(kInvalidRequest, "RMT-M003", "batches are not accepted: send one message");
  const auto* body = message.body_.if_object();
  if (!body) return refuse(kInvalidRequest, "RMT-M003", "a message is a JSON object");

  const auto values = raw_values(message.text_);
  if (values.size() != body->size())
    return refuse(kInternalError, "RMT-M003", "the message could not be taken apart", {},
                  ErrorKind::kInternal);
  const auto raw = [&](std::string_view key) {
    return values[static_cast<std::size_t>(body->find(key) - body->begin())];
  };

  // The id first, so that whatever is wrong with the rest is answered under it.
  const auto* id = body->if_contains("id");
  if (id) {
    if (raw("id").size() > limits.max_id_bytes)
      return refuse(kInvalidRequest, "RMT-M002",
                    fmt::format("an id has at most {} bytes", limits.max_id_bytes), {}, ErrorKind::kTooLarge);
    message.id_ = Id::from_token(raw("id"), *id);
    const bool unread_request = id->is_null() && body->contains("error");
    if (!message.id_ && !unread_request)
      return refuse(kInvalidRequest, "RMT-M003", "an id is a string or an integer");
  }
  const bool is_answer = !body->contains("method") && (body->contains("result") || body->contains("error"));
  const auto invalid = [&](std::string why) {
    auto refused = refuse(kInvalidRequest, "RMT-M003", std::move(why), message.id_);
    refused.error().is_answer = is_answer;
    return refused;
  };

  const auto* version = body->if_contains("jsonrpc");
  if (!version || !version->is_string() || version->get_string() != "2.0")
    return invalid("jsonrpc is not \"2.0\"");

  const auto* method = body->if_contains("method");
  const auto* result = body->if_contains("result");
  const auto* error = body->if_contains("error");
  // Some servers write both members of an answer, the one that they do not mean as null.
  if (result && error && result->is_null() != error->is_null())
    (result->is_null() ? result : error) = nullptr;
  if ((method != nullptr) + (result != nullptr) + (error != nullptr) != 1)
    return invalid("a message has exactly one of method, result and error");

  const auto take_part = [&](std::string_view key) {
    message.part_key_ = key;
    message.part_begin_ = static_cast<std::size_t>(raw(key).data() - message.text_.data());
    message.part_size_ = raw(key).size();
  };

  if (method) {
    message.kind_ = id ? MessageKind::kRequest : MessageKind::kNotification;
    if (!method->is_string() || method->get_string().empty()) return invalid("method is not a name");
    if (method->get_string().size() > limits.max_method_bytes) return invalid("method is too long");
    const auto* params = body->if_contains("params");
    if (!params) return message;
    if (!params->is_object())
      return refuse(kInvalidParams, "RMT-M004", "params is not an object", message.id_);
    take_part("params");
    return message;
  }

  if (body->contains("params")) return invalid("an answer has no params");
  if (result) {
    message.kind_ = MessageKind::kResponse;
    if (!id) return invalid("a result has an id");
    if (!result->is_object()) return invalid("result is not an object");
    take_part("result");
    return message;
  }

  message.kind_ = MessageKind::kError;
  const auto* object = error->if_object();
  const auto* code = object ? object->if_contains("code") : nullptr;
  const auto* why = object ? object->if_contains("message") : nullptr;
  constexpr std::int64_t kMin = std::numeric_limits<int>::min();
  constexpr std::int64_t kMax = std::numeric_limits<int>::max();
  if (!code || !code->is_int64() || code->get_int64() < kMin || code->get_int64() > kMax)
    return invalid("error.code is not an integer");
  if (!why || !why->is_string()) return invalid("error.message is not a string");
  take_part("error");
  return message;
}

std::string make_request(const Id& id, std::string_view method, std::string_view raw_params) {
  if (raw_params.empty())
    return fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":{}}})", id.raw(), mcp::quoted(method));
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":{},"params":{}}})", id.raw(), mcp::quoted(method),
                     raw_params);
}

std::string make_notification(std::string_view method, std::string_view raw_params) {
  if (raw_params.empty()) return fmt::format(R"({{"jsonrpc":"2.0","method":{}}})", mcp::quoted(method));
  return fmt::format(R"({{"jsonrpc":"2.0","method":{},"params":{}}})", mcp::quoted(method), raw_params);
}

std::string make_result(const Id& id, std::string_view raw_result) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{}}})", id.raw(), raw_result);
}

std::string make_error(const std::optional<Id>& id, int code, std::string_view message,
                       std::string_view raw_data) {
  return fmt::format(R"({{"jsonrpc":"2.0",{}"error":{{"code":{},"message":{}{}{}}}}})",
                     id ? fmt::format(R"("id":{},)", id->raw()) : "", code, mcp::quoted(message),
                     raw_data.empty() ? "" : R"(,"data":)", raw_data);
}

std::string make_error_as_is(const Id& id, std::string_view raw_error) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"error":{}}})", id.raw(), raw_error);
}

std::string make_error(const Refusal& refusal) {
  return make_error(refusal.id, refusal.rpc_code, refusal.error.message,
                    fmt::format(R"({{"code":{}}})", mcp::quoted(refusal.error.code)));
}

}  // namespace remit::mcp
