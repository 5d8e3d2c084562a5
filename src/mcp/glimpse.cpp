#include "mcp/glimpse.h"

#include <algorithm>
#include <boost/json/value.hpp>

#include "base/canonical_json.h"
#include "mcp/raw_json.h"

namespace remit::mcp {
namespace {

// Walks over the tokens of a text that looks like JSON. It decodes nothing and never fails: what it cannot
// make sense of it steps over.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  // The next token: a string with its quotes, a punctuation mark, or a run of anything else. Empty at the
  // end.
  std::string_view next() {
    at_ = std::min(text_.find_first_not_of(kJsonSpace, at_), text_.size());
    const std::size_t begin = at_;
    if (at_ == text_.size()) return {};
    if (text_[at_] == '"')
      skip_string();
    else if (kMarks.contains(text_[at_]))
      ++at_;
    else
      at_ = std::min(text_.find_first_of("{}[],:\" \t\n\r", at_), text_.size());
    return text_.substr(begin, at_ - begin);
  }

 private:
  static constexpr std::string_view kMarks = "{}[],:";

  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_)
      if (text_[at_] == '\\') ++at_;
    at_ = std::min(at_ + 1, text_.size());
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<Id> read_id(std::string_view token) {
  if (token.size() > MessageLimits{}.max_id_bytes) return std::nullopt;
  const auto value = parse_json(token);
  return value ? Id::from_token(token, *value) : std::nullopt;
}

}  // namespace

Glimpse glimpse(std::string_view text) {
  Walker walker(text);
  Glimpse seen;
  if (walker.next() != "{") return seen;
  bool has_method = false;
  int ids = 0;
  std::size_t depth = 1;
  std::string_view before;  // the token in front
  std::string_view key;     // of the member whose value comes; of the outermost object
  for (auto token = walker.next(); !token.empty() && depth > 0; token = walker.next()) {
    if (depth == 1 && token == ":" && before.starts_with('"')) {
      key = before;
      has_method |= key == R"("method")";
    } else if (depth == 1 && before == ":" && key == R"("id")") {
      ++ids;
      seen.id = read_id(token);
    }
    if (token == "{" || token == "[") ++depth;
    if (token == "}" || token == "]") --depth;
    before = token;
  }
  if (ids != 1) seen.id.reset();
  seen.is_answer = !has_method;
  return seen;
}

std::string what_is_wrong(std::string_view text, std::string parsers_words) {
  const auto begin = text.find_first_not_of(kJsonSpace);
  if (begin == std::string_view::npos) return "it is empty";
  if (text[begin] == '<') return "it is HTML or XML, not JSON";
  if (text.starts_with("\x1f\x8b")) return "it is compressed with gzip, which was not asked for";
  return parsers_words;
}

}  // namespace remit::mcp
