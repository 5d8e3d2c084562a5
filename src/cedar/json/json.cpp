#include "cedar/json/json.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cedar/syntax/lexer.h"

namespace cedar {
namespace {

std::uint32_t most_depth(const Limits& limits) { return limits.depth + 8; }  // what surrounds the values

}  // namespace

// Makes the tree of what Boost's parser comes upon.
class JsonBuilder {
 public:
  using Text = boost::json::string_view;
  using ErrorCode = boost::json::error_code;
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;

  JsonBuilder(std::string_view text, Arena& arena) : text_(text), arena_(arena) {
    constexpr std::size_t kUsual = 64;
    values_.reserve(kUsual);
    names_.reserve(kUsual);
  }

  const Json& root() const { return values_.front(); }
  const std::optional<JsonError>& problem() const { return problem_; }

  bool on_document_begin(ErrorCode&) { return true; }
  bool on_document_end(ErrorCode&) { return true; }

  bool on_object_begin(ErrorCode&) { return open(); }
  bool on_array_begin(ErrorCode&) { return open(); }

  bool on_array_end(std::size_t count, ErrorCode&) {
    const std::size_t first = values_.size() - count;
    const Json array = Json::array(arena_.copy_of(std::span(values_).subspan(first)));
    values_.resize(first);
    return close(array);
  }

  bool on_object_end(std::size_t count, ErrorCode& error) {
    const std::size_t first = values_.size() - count;
    const std::size_t first_name = names_.size() - count;
    const std::span<Json::Member> members = arena_.array<Json::Member>(count);
    for (std::size_t i = 0; i < count; ++i)
      members[i] = {names_[first_name + i].text, names_[first_name + i].span, values_[first + i]};
    if (const Json::Member* twice = repeated(members)) {
      constexpr std::size_t kShown = 200;
      problem_ = {twice->name_span,
                  "an object has the name \"" + shortened(std::string(twice->name), kShown) + "\" twice",
                  "remove one of them"};
      error = boost::json::error::syntax;
      return false;
    }
    values_.resize(first);
    names_.resize(first_name);
    return close(Json::object(members));
  }

  bool on_key_part(Text part, std::size_t, ErrorCode&) { return keep(part); }
  bool on_key(Text last, std::size_t, ErrorCode&) {
    names_.push_back(whole(last));
    return true;
  }
  bool on_string_part(Text part, std::size_t, ErrorCode&) { return keep(part); }
  bool on_string(Text last, std::size_t, ErrorCode&) {
    const Name string = whole(last);
    return add(Json::string(string.text), string.span);
  }

  // Boost reads numbers too, but rounds some; they are kept as written.
  bool on_number_part(Text part, ErrorCode&) { return keep(part); }
  bool on_int64(std::int64_t value, Text last, ErrorCode&) {
    return add(Json::integer(value), whole(last, 0).span);
  }
  bool on_uint64(std::uint64_t, Text last, ErrorCode&) { return number(last); }
  bool on_double(double, Text last, ErrorCode&) { return number(last); }

  bool on_bool(bool value, ErrorCode&) { return add(Json::boolean(value), last_); }
  bool on_null(ErrorCode&) { return add(Json(), last_); }
  bool on_comment_part(Text, ErrorCode&) { return true; }
  bool on_comment(Text, ErrorCode&) { return true; }

 private:
  struct Name {
    std::string_view text;
    Span span;
  };

  bool open() {
    open_.push_back(last_);
    return true;
  }
  bool close(const Json& value) {
    const Span span = open_.back();
    open_.pop_back();
    return add(value, span);
  }
  bool add(Json value, Span span) {
    value.span_ = span;
    values_.push_back(value);
    return true;
  }
  bool number(Text last) {
    const Name written = whole(last, 0);
    return add(Json::number(written.text), written.span);
  }
  bool keep(Text part) {
    parts_.append(part.data(), part.size());
    return true;
  }

  // What was kept, and its last part. What stands in the text as it is, is not copied, and has its place
  // there.
  Name whole(Text last, std::uint32_t quotes = 1) {
    const std::string_view view(last.data(), last.size());
    const std::less<const char*> before;
    const char* end = text_.data() + text_.size();
    if (parts_.empty() && !before(view.data(), text_.data()) && !before(end, view.data() + view.size())) {
      const auto begin = static_cast<std::uint32_t>(view.data() - text_.data());
      last_ = {begin - quotes, begin + static_cast<std::uint32_t>(view.size()) + quotes};
      return {view, last_};
    }
    parts_.append(view);
    const Name copied{arena_.copy(parts_), last_};
    parts_.clear();
    return copied;
  }

  // A member whose name one before it has.
  static const Json::Member* repeated(std::span<const Json::Member> members) {
    constexpr std::size_t kFew = 16;
    if (members.size() <= kFew) {
      for (std::size_t i = 1; i < members.size(); ++i) {
        for (std::size_t k = 0; k < i; ++k) {
          if (members[i].name == members[k].name) return &members[i];
        }
      }
      return nullptr;
    }
    std::vector<const Json::Member*> sorted;
    sorted.reserve(members.size());
    for (const Json::Member& member : members) sorted.push_back(&member);
    std::ranges::sort(sorted, {}, [](const Json::Member* member) { return std::pair(member->name, member); });
    const auto found =
        std::ranges::adjacent_find(sorted, {}, [](const Json::Member* member) { return member->name; });
    return found == sorted.end() ? nullptr : *std::next(found);
  }

  std::string_view text_;
  Arena& arena_;
  std::optional<JsonError> problem_;
  std::string parts_;
  Span last_;               // of the last name, string or number that stands in the text as it is
  std::vector<Span> open_;  // as above, before each array and object that is open
  std::vector<Json> values_;
  std::vector<Name> names_;
};

namespace {

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

std::string_view describe(Json::Kind kind) {
  static constexpr std::array<std::string_view, 7> kNames{"null",     "true or false", "a number", "a number",
                                                          "a string", "an array",      "an object"};
  return kNames.at(static_cast<std::size_t>(kind));
}

namespace {

// The character that a byte is of.
Span character_at(std::string_view text, std::size_t byte) {
  const auto goes_on = [text](std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
  };
  std::size_t begin = std::min(byte, text.size());
  while (begin > 0 && goes_on(begin)) --begin;
  std::size_t end = std::min(begin + 1, text.size());
  while (goes_on(end)) ++end;
  return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
}

}  // namespace

std::expected<Json, JsonError> parse_json(std::string_view text, std::uint32_t depth, Arena& arena) {
  boost::json::parse_options options;
  options.max_depth = depth;
  boost::json::basic_parser<JsonBuilder> parser(options, text, arena);
  boost::json::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (parser.handler().problem()) return std::unexpected(*parser.handler().problem());
  const Span place = character_at(text, read);
  if (error == boost::json::error::too_deep)
    return std::unexpected(JsonError{place, "nested more than " + std::to_string(depth) + " deep"});
  if (!error && read < text.size()) error = boost::json::error::extra_data;
  if (error) return std::unexpected(JsonError{place, "this is not JSON: " + error.message()});
  return parser.handler().root();
}

std::expected<Json, DataError> parse_json_data(std::string_view text, const Limits& limits, Arena& arena) {
  return parse_json_data(text, limits, most_depth(limits), arena);
}

std::expected<Json, DataError> parse_json_data(std::string_view text, const Limits& limits,
                                               std::uint32_t depth, Arena& arena) {
  if (text.size() > limits.text_bytes || text.size() > UINT32_MAX) {
    return std::unexpected(DataError{"", "the JSON has " + std::to_string(text.size()) +
                                             " bytes; the limit is " + std::to_string(limits.text_bytes)});
  }
  if (text.starts_with("\xEF\xBB\xBF"))
    return std::unexpected(
        DataError{"", "this begins with a byte order mark", "save it as UTF-8 without one"});
  std::size_t bad = 0;
  if (!is_valid_utf8(text, bad))
    return std::unexpected(DataError{"", "this is not JSON: not UTF-8, at byte " + std::to_string(bad)});
  auto parsed = parse_json(text, depth, arena);
  if (parsed) return *parsed;
  return data_error(parsed.error().message + ", at byte " + std::to_string(parsed.error().span.begin));
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

std::string json_quoted(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace cedar
