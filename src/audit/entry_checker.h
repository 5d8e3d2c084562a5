// EntryChecker: reads the entries of a log in order and finds what cannot be: malformed entries, times that
// decrease, gaps in a writer's numbering, outcomes without an intent.

#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "audit/verifier.h"

namespace remit::audit {

class EntryChecker {
 public:
  explicit EntryChecker(Report& report) : report_(report) {}
  void check(std::uint64_t index, std::string_view text);
  // Lists the intents that are still open.
  void finish();

 private:
  struct Last {
    std::string writer;
    std::int64_t n = 0;
  };
  void problem(std::uint64_t index, std::string what);
  bool check_form(std::uint64_t index, std::string_view text, boost::json::object& entry);
  void check_time(std::uint64_t index, const boost::json::object& entry);
  void check_number(std::uint64_t index, const boost::json::object& entry);
  void check_pairing(std::uint64_t index, const boost::json::object& entry);

  Report& report_;
  std::optional<Last> last_;                      // none: at the beginning, or after a malformed entry
  std::map<std::string, std::uint64_t> intents_;  // open ones
};

}  // namespace remit::audit
