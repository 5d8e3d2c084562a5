// What is kept of a body that is over the limit.
//
// A client that is refused while it still sends mostly sees a broken connection in place of the answer. So
// such a body is read to its end, within bounds, and dropped, but for what a handler needs to answer it: it
// gets the request with `over_limit` set and what was kept as its body.
//
// Thread-safety: one request's, on its connection's loop.

#pragma once

#include <string>
#include <string_view>

namespace remit::http {

class BodySalvage {
 public:
  virtual ~BodySalvage() = default;
  virtual void read(std::string_view piece) = 0;  // in order, cut anywhere
  virtual std::string kept() = 0;                 // at the end; much smaller than the limit
};

}  // namespace remit::http
