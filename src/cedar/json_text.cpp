#include "cedar/json_text.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <string>
#include <vector>

#include "cedar/lexer.h"

namespace cedar {
namespace {

std::uint32_t most_depth(const Limits& limits) { return limits.depth + 8; }  // what surrounds the values

// The characters that a string holds as they are.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x20; c < table.size(); ++c) table.at(c) = c != '"' && c != '\\';
  return table;
}();

class JsonParser {
 public:
  JsonParser(std::string_view text, std::uint32_t most, Arena& arena)
      : text_(text), most_(most), arena_(arena) {
    constexpr std::size_t kUsual = 64;
    values_.reserve(kUsual);
    members_.reserve(kUsual);
  }

  std::expected<Json, DataError> run() {
    Json root;
    if (value(root)) {
      skip_blanks();
      if (at_ == text_.size()) return root;
      wrong("nothing may follow the value");
    }
    return std::unexpected(DataError{"", std::move(problem_)});
  }

 private:
  bool wrong(std::string_view what) {
    problem_ = "this is not JSON: " + std::string(what) + ", at byte " + std::to_string(at_);
    return false;
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_blanks() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }
  bool take_if(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  bool value(Json& out) {
    skip_blanks();
    switch (peek()) {
      case '{':
      case '[': {
        if (depth_ >= most_) {
          problem_ = "nested more than " + std::to_string(most_) + " deep";
          return false;
        }
        ++depth_;
        const bool good = text_[at_++] == '{' ? object(out) : array(out);
        --depth_;
        return good;
      }
      case '"': {
        std::string_view text;
        if (!string(text)) return false;
        out = Json::string(text);
        return true;
      }
      case 't':
        out = Json::boolean(true);
        return take_word("true") || wrong("expected a value");
      case 'f':
        out = Json::boolean(false);
        return take_word("false") || wrong("expected a value");
      case 'n':
        out = Json();
        return take_word("null") || wrong("expected a value");
      default:
        return number(out);
    }
  }

  // Children wait on a stack until their number is known.
  bool array(Json& out) {
    const std::size_t first = values_.size();
    skip_blanks();
    if (!take_if(']')) {
      do {
        Json element;
        if (!value(element)) return false;
        values_.push_back(element);
        skip_blanks();
      } while (take_if(','));
      if (!take_if(']')) return wrong("expected `,` or `]`");
    }
    out = Json::array(arena_.copy_of(std::span(values_).subspan(first)));
    values_.resize(first);
    return true;
  }

  bool object(Json& out) {
    const std::size_t first = members_.size();
    skip_blanks();
    if (!take_if('}')) {
      do {
        Json::Member member;
        skip_blanks();
        if (peek() != '"') return wrong("expected a name in double quotes");
        if (!string(member.name)) return false;
        skip_blanks();
        if (!take_if(':')) return wrong("expected `:`");
        if (!value(member.value)) return false;
        members_.push_back(member);
        skip_blanks();
      } while (take_if(','));
      if (!take_if('}')) return wrong("expected `,` or `}`");
    }
    const std::span<const Json::Member> own = std::span(members_).subspan(first);
    if (const auto* twice = repeated(own)) {
      problem_ = "an object has the name \"" + std::string(*twice) + "\" twice";
      return false;
    }
    out = Json::object(arena_.copy_of(own));
    members_.resize(first);
    return true;
  }

  const std::string_view* repeated(std::span<const Json::Member> members) {
    constexpr std::size_t kFew = 16;
    if (members.size() <= kFew) {
      for (std::size_t i = 1; i < members.size(); ++i) {
        for (std::size_t k = 0; k < i; ++k) {
          if (members[i].name == members[k].name) return &members[i].name;
        }
      }
      return nullptr;
    }
    std::vector<const std::string_view*> names;
    names.reserve(members.size());
    for (const Json::Member& member : members) names.push_back(&member.name);
    std::ranges::sort(names, [](const auto* a, const auto* b) { return *a < *b; });
    const auto found =
        std::ranges::adjacent_find(names, [](const auto* a, const auto* b) { return *a == *b; });
    return found == names.end() ? nullptr : *found;
  }

  bool string(std::string_view& out) {
    const std::size_t begin = ++at_;
    while (at_ < text_.size() && kPlain[static_cast<unsigned char>(text_[at_])]) ++at_;
    if (peek() == '"' && at_ < text_.size()) {
      out = text_.substr(begin, at_++ - begin);
      return true;
    }
    std::string unescaped(text_.substr(begin, at_ - begin));
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        out = arena_.copy(unescaped);
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return wrong("a control character must be escaped");
      ++at_;
      if (c != '\\') {
        unescaped += c;
      } else if (!escape(unescaped)) {
        return wrong("unknown escape");
      }
    }
    return wrong("the string does not end");
  }

  bool escape(std::string& out) {
    static constexpr std::string_view kNames = "\"\\/bfnrt";
    static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (take_if('u')) return unicode(out);
    const std::size_t which = kNames.find(peek());
    if (at_ >= text_.size() || which == std::string_view::npos) return false;
    ++at_;
    out += kMeanings[which];
    return true;
  }

  bool unicode(std::string& out) {
    std::uint32_t code = 0;
    if (!hexadecimal(code)) return false;
    if (code >= 0xD800 && code < 0xE000) {
      std::uint32_t low = 0;
      if (code >= 0xDC00 || !take_if('\\') || !take_if('u') || !hexadecimal(low)) return false;
      if (low < 0xDC00 || low >= 0xE000) return false;
      code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
    }
    append_utf8(out, code);
    return true;
  }

  bool hexadecimal(std::uint32_t& code) {
    const std::string_view digits = text_.substr(at_, 4);
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (error != std::errc() || stop != digits.data() + 4) return false;
    at_ += 4;
    return true;
  }

  bool digits() {
    const std::size_t begin = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ > begin;
  }

  bool number(Json& out) {
    const std::size_t begin = at_;
    take_if('-');
    const std::size_t first = at_;
    if (!digits() || (text_[first] == '0' && at_ > first + 1)) {
      at_ = begin;
      return wrong("expected a value");
    }
    bool integer = true;
    if (take_if('.')) {
      integer = false;
      if (!digits()) return wrong("expected digits");
    }
    if (take_if('e') || take_if('E')) {
      integer = false;
      if (!take_if('+')) take_if('-');
      if (!digits()) return wrong("expected digits");
    }
    const std::string_view written = text_.substr(begin, at_ - begin);
    std::int64_t read = 0;
    const bool fits =
        integer && std::from_chars(written.data(), written.data() + written.size(), read).ec == std::errc();
    out = fits ? Json::integer(read) : Json::number(written);
    return true;
  }

  std::string_view text_;
  std::uint32_t most_;
  Arena& arena_;
  std::size_t at_ = 0;
  std::uint32_t depth_ = 0;
  std::string problem_;
  std::vector<Json> values_;
  std::vector<Json::Member> members_;
};

// From Boost's tree; false: too deep.
class Importer {
 public:
  Importer(std::uint32_t most, Arena& arena) : most_(most), arena_(arena) {}

  bool value(const boost::json::value& given, Json& out) {
    switch (given.kind()) {
      case boost::json::kind::null:
        out = Json();
        return true;
      case boost::json::kind::bool_:
        out = Json::boolean(given.get_bool());
        return true;
      case boost::json::kind::int64:
        out = Json::integer(given.get_int64());
        return true;
      case boost::json::kind::uint64:
        out = given.get_uint64() > INT64_MAX ? Json::number(arena_.copy(std::to_string(given.get_uint64())))
                                             : Json::integer(static_cast<std::int64_t>(given.get_uint64()));
        return true;
      case boost::json::kind::double_:
        out = Json::number(arena_.copy(boost::json::serialize(given)));
        return true;
      case boost::json::kind::string:
        out = Json::string({given.get_string().data(), given.get_string().size()});
        return true;
      case boost::json::kind::array:
        return nested([&] { return array(given.get_array(), out); });
      case boost::json::kind::object:
        return nested([&] { return object(given.get_object(), out); });
    }
    std::unreachable();
  }

  bool object(const boost::json::object& given, Json& out) {
    const std::span<Json::Member> members = arena_.array<Json::Member>(given.size());
    std::size_t count = 0;
    for (const auto& member : given) {
      members[count].name = {member.key().data(), member.key().size()};
      if (!value(member.value(), members[count++].value)) return false;
    }
    out = Json::object(members);
    return true;
  }

 private:
  template <typename Read>
  bool nested(const Read& read) {
    if (depth_ >= most_) return false;
    ++depth_;
    const bool good = read();
    --depth_;
    return good;
  }

  bool array(const boost::json::array& given, Json& out) {
    const std::span<Json> elements = arena_.array<Json>(given.size());
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if (!value(given[i], elements[i])) return false;
    }
    out = Json::array(elements);
    return true;
  }

  std::uint32_t most_;
  Arena& arena_;
  std::uint32_t depth_ = 0;
};

std::unexpected<DataError> too_deep(const Limits& limits) {
  return std::unexpected(DataError{"", "nested more than " + std::to_string(most_depth(limits)) + " deep"});
}

}  // namespace

std::expected<Json, DataError> parse_json_text(std::string_view text, const Limits& limits, Arena& arena) {
  if (text.size() > limits.text_bytes || text.size() > UINT32_MAX) {
    return std::unexpected(DataError{"", "the JSON has " + std::to_string(text.size()) +
                                             " bytes; the limit is " + std::to_string(limits.text_bytes)});
  }
  std::size_t bad = 0;
  if (!is_valid_utf8(text, bad))
    return std::unexpected(DataError{"", "this is not JSON: not UTF-8, at byte " + std::to_string(bad)});
  return JsonParser(text, most_depth(limits), arena).run();
}

std::expected<Json, DataError> json_of(const boost::json::value& given, const Limits& limits, Arena& arena) {
  Json tree;
  if (!Importer(most_depth(limits), arena).value(given, tree)) return too_deep(limits);
  return tree;
}

std::expected<Json, DataError> json_of(const boost::json::object& given, const Limits& limits, Arena& arena) {
  Json tree;
  if (!Importer(most_depth(limits), arena).object(given, tree)) return too_deep(limits);
  return tree;
}

}  // namespace cedar
