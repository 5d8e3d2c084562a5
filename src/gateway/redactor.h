// Redactor: takes a destination's credential out of what the destination says, before anyone reads it.
//
// A server may say back what it was sent: in an error, in a tool that shows its environment, in a page that
// quotes the request. What is found is replaced by "***": the credential itself (of "Bearer x" the x), and
// its base64 and base64url forms at any of the three alignments that they can have within something larger;
// each of them also percent-encoded, in part or as a whole, and with JSON's escapes, once or twice over.
//
// One pass finds nothing in nearly every text: a table of byte pairs says where any form could begin, and
// only there it is compared. A text without a find is left byte for byte as it was.
//
// What it does not find: other encodings (hex, rot13, a translation), and a credential cut in pieces. It
// keeps a server from telling by accident, not one that means to.
//
// Thread-safety: immutable.

#pragma once

#include <array>
#include <bitset>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace remit::gateway {

class Redactor {
 public:
  // What is shorter cannot be told from ordinary text, and is not looked for; the catalog takes no such
  // credential (catalog/values.h).
  static constexpr std::size_t kLeast = 8;

  Redactor() = default;
  explicit Redactor(std::span<const std::string_view> credentials);

  // Whether anything was found, and replaced. A text that is JSON stays JSON.
  bool clean_json(std::string& text) const;
  bool clean_text(std::string& text) const;

  // How often a text is encoded where it stands.
  struct Layers {
    int json = 0;          // escapes of JSON, around one another
    bool percent = false;  // within those
  };

 private:
  void add(std::string_view form);
  // The first place from `at` on where a form may begin; the end where there is none.
  std::size_t next(std::string_view text, std::size_t at) const;
  std::size_t match(std::string_view text, std::size_t at, std::span<const Layers> ways) const;

  std::vector<Secret> forms_;
  std::bitset<256> first_;             // bytes that a form begins with
  std::array<bool, 256> starts_ = {};  // the first bytes of begins_: most of a text is passed over by them
  std::bitset<65'536> begins_;         // pairs of bytes that one may begin with, as it stands in a text
};

}  // namespace remit::gateway
