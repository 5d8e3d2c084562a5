#include "gateway/redactor.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace remit::gateway {
namespace {

using Layers = Redactor::Layers;

constexpr std::string_view kHidden = "***";
constexpr std::array<Layers, 4> kInJson = {{{1, false}, {1, true}, {2, false}, {2, true}}};
constexpr std::array<Layers, 6> kInText = {
    {{0, false}, {0, true}, {1, false}, {1, true}, {2, false}, {2, true}}};

// What stands at a place of a text once its layers are taken off: the bytes of one character or of one
// escape.
struct Unit {
  std::array<char, 4> bytes = {};
  std::size_t count = 0;
  std::size_t length = 0;  // in the text

  std::string_view decoded() const { return {bytes.data(), count}; }
  bool is(char c) const { return count == 1 && bytes[0] == c; }
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

Unit utf8(std::uint32_t unit, std::size_t length) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (unit < 0x80) return {{byte(unit)}, 1, length};
  if (unit < 0x800) return {{byte(0xc0 | (unit >> 6)), byte(0x80 | (unit & 0x3f))}, 2, length};
  return {
      {byte(0xe0 | (unit >> 12)), byte(0x80 | ((unit >> 6) & 0x3f)), byte(0x80 | (unit & 0x3f))}, 3, length};
}

class Reader {
 public:
  Reader(std::string_view text, Layers layers) : text_(text), layers_(layers) {}

  // None where nothing stands that a form could have: the end, the end of a string, what is no escape.
  std::optional<Unit> at(std::size_t place) const {
    auto unit = json(place, layers_.json);
    if (!unit || !layers_.percent || !unit->is('%')) return unit;
    const auto value = number(place + unit->length, 2, layers_.json);
    if (!value) return unit;
    return Unit{{static_cast<char>(value->first)}, 1, unit->length + value->second};
  }

 private:
  std::optional<Unit> json(std::size_t place, int layers) const {
    if (layers == 0) {
      if (place >= text_.size()) return std::nullopt;
      return Unit{{text_[place]}, 1, 1};
    }
    const auto unit = json(place, layers - 1);
    if (!unit || unit->is('"')) return std::nullopt;  // the string ends
    if (!unit->is('\\')) return unit;
    const auto kind = json(place + unit->length, layers - 1);
    if (!kind || kind->count != 1) return std::nullopt;
    const std::size_t length = unit->length + kind->length;
    if (kind->is('u')) {
      const auto value = number(place + length, 4, layers - 1);
      return value ? std::optional(utf8(value->first, length + value->second)) : std::nullopt;
    }
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const auto named = kNames.find(kind->bytes[0]);
    if (named == std::string_view::npos) return std::nullopt;
    return Unit{{kMeanings[named]}, 1, length};
  }

  // A hexadecimal number of so many digits, and how long it is in the text.
  std::optional<std::pair<std::uint32_t, std::size_t>> number(std::size_t place, int digits,
                                                              int layers) const {
    std::uint32_t value = 0;
    std::size_t length = 0;
    for (int i = 0; i < digits; ++i) {
      const auto unit = json(place + length, layers);
      const int digit = unit && unit->count == 1 ? hex_digit(unit->bytes[0]) : -1;
      if (digit < 0) return std::nullopt;
      value = value * 16 + static_cast<std::uint32_t>(digit);
      length += unit->length;
    }
    return std::pair{value, length};
  }

  std::string_view text_;
  Layers layers_;
};

// Where the form ends that begins at a place, or 0.
std::size_t match_form(const Reader& reader, std::string_view form, std::size_t place) {
  while (!form.empty()) {
    const auto unit = reader.at(place);
    if (!unit || !form.starts_with(unit->decoded())) return 0;
    form.remove_prefix(unit->count);
    place += unit->length;
  }
  return place;
}

// The base64 characters that a text has within something larger, where it begins `before` bytes behind a
// boundary: those that it alone decides.
std::string inner_base64(std::string_view text, std::size_t before) {
  const std::string padded = std::string(before, '\0') + std::string(text);
  std::string whole = to_base64(as_bytes(padded));
  const std::size_t decided = padded.size() * 8 / 6;
  constexpr std::array<std::size_t, 3> kUndecided = {0, 2, 3};  // at the beginning
  return whole.substr(0, decided).substr(kUndecided.at(before));
}

// The string or number of a JSON text that a place is in, by reading on from the last one asked for.
class Strings {
 public:
  explicit Strings(std::string_view text) : text_(text) {}

  bool contains(std::size_t place) {
    for (; at_ < place; ++at_) {
      if (text_[at_] == '"') inside_ = !inside_;
      if (inside_ && text_[at_] == '\\') ++at_;
    }
    return inside_;
  }

  // Whether a character or an escape begins there, rather than goes on.
  static bool begins_unit(std::string_view text, std::size_t place) {
    const auto escaped = [&](std::size_t at) {
      std::size_t backslashes = 0;
      while (backslashes < at && text[at - 1 - backslashes] == '\\') ++backslashes;
      return backslashes % 2 == 1;
    };
    if (escaped(place)) return false;
    for (std::size_t back = 1; back <= 4 && back <= place; ++back)
      if (text[place - back] == 'u' && escaped(place - back)) return false;
    return true;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  bool inside_ = false;
};

constexpr std::string_view kAroundNumbers = ",:[]{} \t\r\n\"";

}  // namespace

Redactor::Redactor(std::span<const std::string_view> credentials) {
  for (auto credential : credentials) {
    // Of "Bearer …" the part that counts.
    if (const auto space = credential.rfind(' ');
        space != std::string_view::npos && credential.size() - space > kLeast)
      credential.remove_prefix(space + 1);
    if (credential.size() < kLeast) continue;
    add(credential);
    for (std::size_t before = 0; before < 3; ++before) {
      auto form = inner_base64(credential, before);
      add(form);
      std::ranges::replace(form, '+', '-');
      std::ranges::replace(form, '/', '_');
      add(form);
    }
  }
}

void Redactor::add(std::string_view form) {
  if (std::ranges::any_of(forms_, [&](const Secret& known) { return known.reveal() == form; })) return;
  forms_.emplace_back(std::string(form));
  const auto pair = [&](char first, char second) {
    starts_.at(static_cast<unsigned char>(first)) = true;
    begins_.set(static_cast<unsigned char>(first) * 256U + static_cast<unsigned char>(second));
  };
  const char first = form[0];
  first_.set(static_cast<unsigned char>(first));
  pair(first, form[1]);
  pair(first, '\\');  // the second one escaped
  pair(first, '%');
  pair('\\', first);  // the first one escaped
  pair('\\', 'u');
  pair('\\', '\\');
  pair('%', '\\');
  constexpr std::string_view kLower = "0123456789abcdef";
  constexpr std::string_view kUpper = "0123456789ABCDEF";
  pair('%', kLower[static_cast<unsigned char>(first) / 16]);
  pair('%', kUpper[static_cast<unsigned char>(first) / 16]);
}

std::size_t Redactor::next(std::string_view text, std::size_t at) const {
  const auto byte = [&](std::size_t place) { return static_cast<unsigned char>(text[place]); };
  for (; at + 1 < text.size(); ++at)
    if (starts_[byte(at)] && begins_[byte(at) * 256U + byte(at + 1)]) return at;
  return text.size();
}

std::size_t Redactor::match(std::string_view text, std::size_t at, std::span<const Layers> ways) const {
  for (const auto& layers : ways) {
    const Reader reader(text, layers);
    const auto unit = reader.at(at);
    if (!unit || !first_[static_cast<unsigned char>(unit->bytes[0])]) continue;
    for (const auto& form : forms_)
      if (const auto end = match_form(reader, form.reveal(), at); end > 0) return end;
  }
  return 0;
}

bool Redactor::clean_text(std::string& text) const {
  if (forms_.empty()) return false;
  bool found = false;
  for (std::size_t at = next(text, 0); at < text.size(); at = next(text, at + 1)) {
    const auto end = match(text, at, kInText);
    if (end == 0) continue;
    text.replace(at, end - at, kHidden);
    at += kHidden.size() - 1;
    found = true;
  }
  return found;
}

bool Redactor::clean_json(std::string& text) const {
  if (forms_.empty()) return false;
  std::string out;
  std::size_t copied = 0;
  Strings strings(text);
  for (std::size_t at = next(text, 0); at < text.size(); at = next(text, at + 1)) {
    auto end = match(text, at, kInJson);
    if (end == 0) continue;
    auto begin = at;
    std::string hidden(kHidden);
    if (strings.contains(at)) {
      if (!Strings::begins_unit(text, at)) continue;
    } else {  // a number, of which the whole goes
      begin = text.find_last_of(kAroundNumbers, at);
      begin = begin == std::string::npos ? 0 : begin + 1;
      end = std::min(text.find_first_of(kAroundNumbers, at), text.size());
      hidden = "\"***\"";
    }
    out.append(text, copied, begin - copied).append(hidden);
    copied = end;
    at = end - 1;
  }
  if (copied == 0) return false;
  text = out.append(text, copied);
  return true;
}

}  // namespace remit::gateway
