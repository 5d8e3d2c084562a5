#include "sandbox/hosts.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/ascii.h"
#include "sandbox/confinement.h"

namespace remit::sandbox {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

constexpr std::string_view kThisMachine = "localhost";
constexpr std::uint32_t kFirstOfNames = 0x7f00'0002;  // 127.0.0.2
constexpr std::size_t kMaxName = 253;                 // RFC 1035 §2.3.4
constexpr std::size_t kMaxLabel = 63;

std::unexpected<Error> bad_host(std::string_view text, std::string_view why, std::string fix = {}) {
  return fail(ErrorKind::kInvalid, "RMT-C043", fmt::format("`{}` {}", text.substr(0, 300), why),
              std::move(fix));
}

bool is_number(std::string_view label) {
  return label.starts_with("0x") || std::ranges::all_of(label, is_digit);
}

// Resolvers take 127.1 and 0x7f000001 for addresses: what ends in a number has to be one in its usual form.
bool is_host_name(std::string_view host) {
  if (host.size() > kMaxName) return false;
  for (;;) {
    const auto dot = host.find('.');
    const auto label = host.substr(0, dot);
    if (label.empty() || label.size() > kMaxLabel || label.front() == '-' || label.back() == '-')
      return false;
    if (dot == std::string_view::npos) return !is_number(label);
    host.remove_prefix(dot + 1);
  }
}

bool is_one_host(const address& given) {
  if (given.is_unspecified() || given.is_multicast()) return false;
  if (given.is_v4()) return given.to_v4().to_uint() >> 24U != 0 && given.to_v4() != address_v4::broadcast();
  return !given.to_v6().is_v4_mapped() && !given.to_v6().is_link_local();
}

bool is_usual_loopback(const address& given) {
  return given == address(address_v4::loopback()) || given == address(address_v6::loopback());
}

std::optional<address> address_of(const std::string& host) {
  boost::system::error_code none;
  const auto given = boost::asio::ip::make_address(host, none);
  return none ? std::nullopt : std::optional(given);
}

Result<http::Authority> parse_host(std::string_view text) {
  auto host = http::parse_authority(text);
  if (!host || host->port == 0)
    return bad_host(text, "is no HOST:PORT", "Write a host and a port, as db.internal:5432.");
  if (const auto given = address_of(host->host)) {
    if (given->is_loopback() && !is_usual_loopback(*given))
      return bad_host(text, "is another loopback address than the usual one",
                      fmt::format("For a service on this machine write localhost:{}.", host->port));
    if (!is_one_host(*given)) return bad_host(text, "is no address of one host");
    host->host = given->to_string();
  } else if (!is_host_name(host->host)) {
    return bad_host(text, "has no name of a host before its port");
  }
  return *host;
}

}  // namespace

Result<std::vector<InnerHost>> place_hosts(const std::vector<std::string>& declared) {
  if (declared.size() > kMaxHosts)
    return fail(ErrorKind::kInvalid, "RMT-C043", fmt::format("more than {} hosts are declared", kMaxHosts));
  std::vector<InnerHost> hosts;
  auto next = kFirstOfNames;
  for (const auto& text : declared) {
    ASSIGN_OR_RETURN(auto host, parse_host(text));
    const auto same = std::ranges::find(hosts, host.host, [](const auto& one) { return one.declared.host; });
    address found;
    if (const auto given = address_of(host.host))
      found = *given;
    else if (host.host == kThisMachine)
      found = address_v4::loopback();
    else if (same != hosts.end())
      found = same->address;
    else
      found = address_v4(next++);
    for (const auto& other : hosts)
      if (other.address == found && other.declared.port == host.port)
        return bad_host(text, "is declared twice");
    hosts.push_back({.declared = std::move(host), .address = found});
  }
  return hosts;
}

Result<std::vector<std::string>> normal_hosts(const std::vector<std::string>& declared) {
  ASSIGN_OR_RETURN(const auto hosts, place_hosts(declared));
  std::vector<std::string> texts;
  texts.reserve(hosts.size());
  for (const auto& host : hosts) texts.push_back(to_string(host.declared));
  return texts;
}

std::string hosts_file(const std::vector<InnerHost>& hosts) {
  std::string names;
  bool child_is_a_host = false;
  for (const auto& [declared, found] : hosts) {
    child_is_a_host = child_is_a_host || declared.host == "child";
    const auto line = fmt::format("{} {}\n", found.to_string(), declared.host);
    if (!address_of(declared.host) && declared.host != kThisMachine && !names.contains(line)) names += line;
  }
  // Where this machine's services are declared they are found by IPv4 alone, and so is the name.
  return fmt::format("127.0.0.1 localhost{}\n{}{}", child_is_a_host ? "" : " child",
                     hosts.empty() ? "::1 localhost\n" : "", names);
}

std::string to_string(const http::Authority& host) {
  return host.host.contains(':') ? fmt::format("[{}]:{}", host.host, host.port)
                                 : fmt::format("{}:{}", host.host, host.port);
}

bool may_stand_for(const address& given) {
  if (given.is_v6() && given.to_v6().is_v4_mapped())
    return may_stand_for(boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, given.to_v6()));
  const bool link_local =
      given.is_v4() ? given.to_v4().to_uint() >> 16U == 0xa9fe : given.to_v6().is_link_local();
  return is_one_host(given) && !given.is_loopback() && !link_local;
}

}  // namespace remit::sandbox
