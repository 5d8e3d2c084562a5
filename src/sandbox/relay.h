// Relay: carries the connections of children to the hosts that are declared for them, and to no other.
//
// A child connects to a socket in a network of its own (inner_network.h); what it sends there is sent on from
// here, byte by byte, to the one host and port that the socket stands for. A name is looked up anew for each
// connection. Where a host cannot be reached, or either end breaks off, the other is reset, so that nobody
// takes what came for all there was; an end that only stops sending is told on as that. A child that ends has
// a moment for what it sent last.
//
// Thread-safety: any number of threads; the connections live on a loop of the relay's own. Destroying it
// waits for lookups under way.

#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/loop.h"
#include "http/side_pool.h"
#include "http/url.h"
#include "mcp/child_process.h"
#include "sandbox/relay_settings.h"

namespace remit::sandbox {

// The addresses of a name. It may block: it runs beside the loop. Errors: any; told to people.
using Lookup = std::function<Result<std::vector<boost::asio::ip::address>>(const std::string& name)>;

class Relay {
 public:
  // `lookup`: empty: the system's resolver.
  explicit Relay(RelaySettings settings, Lookup lookup = {});
  ~Relay();

  struct Door {
    http::Authority host;      // where it leads
    mcp::Descriptor listener;  // a listening TCP socket, not blocking
  };
  // Until the child ends. `id` names its destination to people. Errors: kUnavailable RMT-M048.
  Result<void> serve(std::string id, pid_t child, std::vector<Door> doors);

  // Connections that are open now.
  std::size_t connections() const;

 private:
  struct Shared;
  class Place;
  class Connection;
  class Child;

  http::Loop loop_;
  http::SidePool lookups_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace remit::sandbox
