// Machine: what this machine gives for confining a child, found out by trying.
//
// From the best level down, with what a child can still do there:
//
//  namespaces  It sees a file system, processes and (where it has none) a network of its own, made by
//  bubblewrap.
//              Remit as root: under an account of its own besides.
//  account     An account of its own: it reads what every account may, unless Landlock keeps it from that,
//  and sees
//              that other processes are there. It can neither signal nor trace them. Remit runs as root.
//  landlock    Remit's own account: Landlock keeps it from Remit's files, and (Linux 6.12 or newer) from
//  signalling. none        Remit's own account and files, but for the filter of system calls.
//
// At each level a child passes the filter of system calls (filter.h) and has limits. Where it has no network
// of its own, the filter keeps it from opening sockets.
//
// Thread-safety: values. probe() starts processes and takes some 50 ms.

#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace remit::sandbox {

enum class Level { kNone, kLandlock, kAccount, kNamespaces };  // each is better than those before it

std::string_view to_string(Level level);
std::optional<Level> parse_level(std::string_view name);

struct Machine {
  Level level = Level::kNone;
  bool own_accounts = false;     // a child can be given an account of its own
  bool user_namespaces = false;  // else bubblewrap needs root's rights, and processes are bounded by account
  std::string bubblewrap;        // its path, where level is kNamespaces
  int landlock = 0;              // revision
  std::vector<std::string> lacks;  // what is not to be had here and how to get it; sentences for people
};

// `account` is tried as a child's.
Machine probe(uid_t account);

// "namespaces (bubblewrap, own account, Landlock 7)"
std::string describe(const Machine& machine);

}  // namespace remit::sandbox
