// Hosts: the single hosts and ports that a child may connect to, and where it finds them in a network of its
// own that leads nowhere.
//
// A name stands in the child's /etc/hosts with a loopback address of its own, 127.0.0.2 and on; `localhost`,
// which is this machine, with 127.0.0.1. A host that is declared by its address is found under that address.
//
// Thread-safety: values and pure functions. Private to the module.

#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/url.h"

namespace remit::sandbox {

struct InnerHost {
  http::Authority declared;          // in normal form
  boost::asio::ip::address address;  // where the child finds it, under the declared port
};

// Errors: kInvalid RMT-C043 (one is no HOST:PORT, stands for more than one host, or is declared twice).
Result<std::vector<InnerHost>> place_hosts(const std::vector<std::string>& declared);

// The child's /etc/hosts.
std::string hosts_file(const std::vector<InnerHost>& hosts);

// "db.internal:5432", "[2001:db8::1]:443"
std::string to_string(const http::Authority& host);

// Whether an address that a declared name has, as the system's resolver says, may be connected to: whoever
// keeps a zone could else have a name stand for what listens on this machine alone (DNS rebinding).
bool may_stand_for(const boost::asio::ip::address& address);

}  // namespace remit::sandbox
