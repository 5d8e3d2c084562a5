#include "cedar/json_tree.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace cedar {
namespace {

class JsonParser {
 public:
  JsonParser(std::string_view text, std::uint32_t depth, Arena& arena, DiagnosticSink& sink)
      : text_(text), most_(depth), arena_(arena), sink_(sink) {}

  const JsonNode* run() {
    auto* root = arena_.make<JsonNode>();
    if (!value(*root)) return nullptr;
    skip_blanks();
    if (at_ < text_.size()) {
      wrong("nothing may follow the JSON value");
      return nullptr;
    }
    return root;
  }

 private:
  void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t\n\r", at_), text_.size()); }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take_if(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  Span span_from(std::size_t begin) const {
    return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at_)};
  }
  bool wrong(std::string message) {
    const std::size_t end = std::min(at_ + 1, text_.size());
    sink_.report({static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(end)},
                 "this is not JSON: " + std::move(message));
    return false;
  }

  bool value(JsonNode& node) {
    skip_blanks();
    const std::size_t begin = at_;
    bool good = false;
    switch (peek()) {
      case '{':
        good = nested([&] { return object(node); });
        break;
      case '[':
        good = nested([&] { return array(node); });
        break;
      case '"': {
        node.kind = JsonKind::kString;
        const auto read = string();
        good = read.has_value();
        if (good) node.text = *read;
        break;
      }
      default:
        good = word(node) || number(node);
        break;
    }
    node.span = span_from(begin);
    return good;
  }

  template <typename Read>
  bool nested(const Read& read) {
    if (depth_ >= most_) return wrong("nested more than " + std::to_string(most_) + " deep");
    ++depth_;
    const bool good = read();
    --depth_;
    return good;
  }

  bool word(JsonNode& node) {
    for (const std::string_view known : {"true", "false", "null"}) {
      if (!text_.substr(at_).starts_with(known)) continue;
      at_ += known.size();
      node.kind = known == "null" ? JsonKind::kNull : JsonKind::kBool;
      node.boolean = known == "true";
      return true;
    }
    return false;
  }

  bool digits() {
    const std::size_t begin = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ > begin;
  }

  bool number(JsonNode& node) {
    const std::size_t begin = at_;
    take_if('-');
    const bool zero = peek() == '0';
    const std::size_t first = at_;
    if (!digits() || (zero && at_ > first + 1)) return wrong("expected a value");
    if (take_if('.') && !digits()) return wrong("expected digits");
    if (take_if('e') || take_if('E')) {
      if (!take_if('+')) take_if('-');
      if (!digits()) return wrong("expected digits");
    }
    node.kind = JsonKind::kNumber;
    node.text = text_.substr(begin, at_ - begin);
    return true;
  }

  bool array(JsonNode& node) {
    node.kind = JsonKind::kArray;
    ++at_;
    std::vector<JsonNode> elements;
    skip_blanks();
    if (!take_if(']')) {
      do {
        if (!value(elements.emplace_back())) return false;
        skip_blanks();
      } while (take_if(','));
      if (!take_if(']')) return wrong("expected `,` or `]`");
    }
    node.elements = arena_.copy_of(elements);
    return true;
  }

  bool object(JsonNode& node) {
    node.kind = JsonKind::kObject;
    ++at_;
    std::vector<JsonMember> members;
    skip_blanks();
    if (!take_if('}')) {
      do {
        skip_blanks();
        const std::size_t begin = at_;
        if (peek() != '"') return wrong("expected a name in double quotes");
        const auto name = string();
        if (!name) return false;
        JsonMember& member = members.emplace_back();
        member.name = *name;
        member.name_span = span_from(begin);
        skip_blanks();
        if (!take_if(':')) return wrong("expected `:`");
        if (!value(member.value)) return false;
        skip_blanks();
      } while (take_if(','));
      if (!take_if('}')) return wrong("expected `,` or `}`");
    }
    std::unordered_map<std::string_view, Span> names;
    for (const JsonMember& member : members) {
      if (!names.emplace(member.name, member.name_span).second)
        sink_.report(member.name_span, "the object has this name twice", "remove one of them");
    }
    node.members = arena_.copy_of(members);
    return true;
  }

  std::optional<std::string_view> string() {
    const std::size_t begin = ++at_;
    const std::size_t plain = text_.find_first_of("\"\\", at_);
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20U; };
    if (plain != std::string_view::npos && text_[plain] == '"') {
      const std::string_view body = text_.substr(begin, plain - begin);
      if (std::ranges::none_of(body, is_control)) {
        at_ = plain + 1;
        return body;
      }
    }
    std::string out;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return arena_.copy(out);
      }
      if (is_control(c)) {
        wrong("a control character must be escaped");
        return std::nullopt;
      }
      ++at_;
      if (c != '\\') {
        out += c;
      } else if (!escape(out)) {
        return std::nullopt;
      }
    }
    wrong("the string does not end");
    return std::nullopt;
  }

  bool escape(std::string& out) {
    static constexpr std::string_view kNames = "\"\\/bfnrt";
    static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char c = peek();
    const std::size_t which = c == '\0' ? std::string_view::npos : kNames.find(c);
    if (which != std::string_view::npos) {
      ++at_;
      out += kMeanings[which];
      return true;
    }
    if (!take_if('u')) return wrong("unknown escape");
    auto code = hexadecimal();
    if (!code) return false;
    if (*code >= 0xD800 && *code < 0xDC00) {
      if (!take_if('\\') || !take_if('u')) return wrong("half of a surrogate pair is missing");
      const auto low = hexadecimal();
      if (!low) return false;
      if (*low < 0xDC00 || *low > 0xDFFF) return wrong("half of a surrogate pair is missing");
      code = 0x10000 + ((*code - 0xD800) << 10U) + (*low - 0xDC00);
    } else if (*code >= 0xDC00 && *code <= 0xDFFF) {
      return wrong("half of a surrogate pair is missing");
    }
    append_utf8(out, *code);
    return true;
  }

  std::optional<std::uint32_t> hexadecimal() {
    const std::string_view digits = text_.substr(at_, 4);
    std::uint32_t code = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (error != std::errc() || digits.size() != 4 || stop != digits.data() + 4) {
      wrong("\\u needs four hexadecimal digits");
      return std::nullopt;
    }
    at_ += 4;
    return code;
  }

  static void append_utf8(std::string& out, std::uint32_t code) {
    const auto byte = [&out](std::uint32_t value) {
      out += static_cast<char>(static_cast<unsigned char>(value));
    };
    if (code < 0x80) return byte(code);
    if (code < 0x800) {
      byte(0xC0U | (code >> 6U));
    } else {
      if (code < 0x10000) {
        byte(0xE0U | (code >> 12U));
      } else {
        byte(0xF0U | (code >> 18U));
        byte(0x80U | ((code >> 12U) & 0x3FU));
      }
      byte(0x80U | ((code >> 6U) & 0x3FU));
    }
    byte(0x80U | (code & 0x3FU));
  }

  std::string_view text_;
  std::uint32_t most_;
  Arena& arena_;
  DiagnosticSink& sink_;
  std::size_t at_ = 0;
  std::uint32_t depth_ = 0;
};

}  // namespace

const JsonMember* JsonNode::find(std::string_view name) const {
  const auto found = std::ranges::find(members, name, &JsonMember::name);
  return found == members.end() ? nullptr : &*found;
}

const JsonNode* parse_json_tree(std::string_view text, std::uint32_t depth, Arena& arena,
                                DiagnosticSink& sink) {
  return JsonParser(text, depth, arena, sink).run();
}

std::string_view describe(JsonKind kind) {
  static constexpr std::array<std::string_view, 6> kNames{"null",     "true or false", "a number",
                                                          "a string", "an array",      "an object"};
  return kNames.at(static_cast<std::size_t>(kind));
}

}  // namespace cedar
