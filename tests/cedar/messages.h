// What must hold of every message: it is UTF-8, it does not grow with what it is about, and its place is in
// the text.

#pragma once

#include <boost/json/array.hpp>
#include <string>
#include <string_view>
#include <type_traits>

#include "cedar/cedar.h"
#include "cedar/syntax/lexer.h"

namespace differential {

constexpr std::size_t kMessageBytes = 1100;  // a thousand, and the mark where it was cut

// What this engine says, and what of it is wrong.
class Messages {
 public:
  // Empty when it was accepted.
  template <typename Expected>
  boost::json::array of(const Expected& result, std::string_view text) {
    if (result) return {};
    using Error = typename Expected::error_type;
    if constexpr (std::is_same_v<Error, cedar::DataError>) {
      check(result.error().pointer, text.size() + kMessageBytes);
      check(result.error().help);
      check(result.error().message);
      return {result.error().pointer + ": " + result.error().message};
    } else {
      boost::json::array out;
      for (const cedar::Diagnostic& one : result.error()) out.emplace_back(of(one, text));
      if (out.empty()) faults_.emplace_back("refused without a word");
      return out;
    }
  }

  std::string of(const cedar::Diagnostic& said, std::string_view text) {
    check(said.help);
    check(cedar::render(said, text, "f"), 10 * kMessageBytes);
    const auto [begin, end] = said.span;
    const auto boundary = [&](std::size_t at) {
      return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
    };
    if (begin > end || end > text.size() || !boundary(begin) || !boundary(end) ||
        !precedes(said.start, said.end))
      faults_.emplace_back("a place outside of the text, or within a character: " + said.message);
    return check(said.message);
  }

  std::string check(std::string message, std::size_t most = kMessageBytes) {
    std::size_t bad = 0;
    if (!cedar::is_valid_utf8(message, bad)) faults_.emplace_back("a message that is not UTF-8");
    if (message.size() > most) faults_.emplace_back("a long message: " + cedar::shortened(message, 200));
    return message;
  }

  boost::json::array faults() && { return std::move(faults_); }

 private:
  static bool precedes(const cedar::Position& a, const cedar::Position& b) {
    return a.line >= 1 && a.column >= 1 && (a.line < b.line || (a.line == b.line && a.column <= b.column));
  }

  boost::json::array faults_;
};

}  // namespace differential
