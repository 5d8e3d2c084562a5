#include "mcp/id_finder.h"

#include "base/canonical_json.h"

namespace remit::mcp {
namespace {

constexpr std::size_t kLongestName = 16;
constexpr std::size_t kMaxId = MessageLimits{}.max_id_bytes;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

void IdFinder::read(std::string_view piece) {
  for (const char c : piece) on_character(c);
}

void IdFinder::on_character(char c) {
  if (in_string_) {
    if (depth_ == 1) keep(c);
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
      if (depth_ == 1 && at_ == At::kKey) at_ = At::kColon;
    }
    return;
  }
  if (is_space(c)) return;
  if (depth_ <= 1) on_outermost(c);
  if (c == '"') in_string_ = true;
  if (c == '{' || c == '[') ++depth_;
  if (c == '}' || c == ']') --depth_;
}

// A character outside strings, of the text itself or of its outermost object.
void IdFinder::on_outermost(char c) {
  if (depth_ == 0) {
    at_ = at_ == At::kStart && c == '{' ? At::kKey : At::kEnd;
    return;
  }
  if (at_ == At::kEnd) return;
  if (c == ',' || c == '}') {
    if (at_ == At::kValue && key_ == R"("id")") {
      if (ids_++ == 0) id_ = value_;
    }
    has_method_ = has_method_ || (at_ == At::kValue && key_ == R"("method")");
    key_.clear();
    value_.clear();
    at_ = At::kKey;
  } else if (c == ':' && at_ == At::kColon) {
    at_ = At::kValue;
  } else {
    keep(c);
  }
}

void IdFinder::keep(char c) {
  if (at_ == At::kKey && key_.size() < kLongestName) key_ += c;
  if (at_ == At::kValue && key_ == R"("id")" && value_.size() <= kMaxId) value_ += c;
}

std::optional<Id> IdFinder::request_id() const { return has_method_ ? id() : std::nullopt; }

std::optional<Id> IdFinder::answer_id() const { return has_method_ ? std::nullopt : id(); }

std::optional<Id> IdFinder::id() const {
  if (ids_ != 1 || id_.size() > kMaxId) return std::nullopt;
  const auto value = parse_json(id_);
  return value ? Id::from_token(id_, *value) : std::nullopt;
}

}  // namespace remit::mcp
