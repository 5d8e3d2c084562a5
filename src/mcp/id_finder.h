// IdFinder: finds the id of a message that is too large to be kept, as it passes by. The official SDKs write
// the id behind the params or the result, so the message has to pass whole.
//
// It looks at the members of the outermost object alone, and is no judge of the rest: what is not JSON may
// have an id too. Thread-safety: one thread at a time.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mcp/message.h"

namespace remit::mcp {

class IdFinder {
 public:
  // The text in order, cut anywhere.
  void read(std::string_view piece);

  // When all was read: the id of a request. None if there is none or more than one, if it is no id, or if the
  // message has no method.
  std::optional<Id> request_id() const;

  // The same of an answer, which has no method.
  std::optional<Id> answer_id() const;

 private:
  std::optional<Id> id() const;

  enum class At { kStart, kKey, kColon, kValue, kEnd };

  void on_character(char c);
  void on_outermost(char c);
  void keep(char c);

  At at_ = At::kStart;
  int depth_ = 0;  // of objects and arrays
  bool in_string_ = false;
  bool escaped_ = false;
  std::string key_;    // as it is written, quotes included; cut where it is longer than any that matters
  std::string value_;  // of the id that is being read
  std::string id_;     // of the first member `id`
  int ids_ = 0;
  bool has_method_ = false;
};

}  // namespace remit::mcp
