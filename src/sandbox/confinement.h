// Confinement: what a child may reach. Nothing that is not named here.
//
// Whatever the machine gives (machine.h), a child sees the system's programs and libraries to read, a folder
// of its own (its HOME), a folder for temporary files, and the files and folders that are declared for it. It
// gains no privileges, makes no namespaces, traces nobody, and makes no file setuid.
//
// Thread-safety: values.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace remit::sandbox {

// Of one child. Where a machine can bound an account alone, `processes` is of all children of one
// destination.
struct Limits {
  std::uint64_t memory_bytes = std::uint64_t{2} << 30U;  // of each process: private memory that it can write
  std::uint64_t processes = 256;                         // threads count
  std::uint64_t files = 1024;                            // open at once, of each process
  std::uint64_t file_bytes = std::uint64_t{512} << 20U;  // of each file
  std::uint64_t temporary_bytes = std::uint64_t{256} << 20U;  // of all in /tmp; in memory. Namespaces only
};

enum class Network { kNone, kAll, kHosts };  // kHosts: those that are declared, and no other

inline constexpr std::size_t kMaxHosts = 16;  // of one child

struct Confinement {
  std::vector<std::string> command;  // the program's absolute path, and its arguments
  std::vector<std::pair<std::string, std::string>> environment = {};  // beside HOME, PATH, TMPDIR and LANG
  std::string working_directory = {};                                 // absolute; empty: its HOME
  std::vector<std::string> reads = {};   // files and folders, each with all that is below it
  std::vector<std::string> writes = {};  // the same, to change as well
  Network network = Network::kNone;
  std::vector<std::string> hosts = {};  // for kHosts: HOST:PORT, as db.internal:5432 or [2001:db8::1]:443
};

inline constexpr std::string_view kSearchPath = "/usr/local/bin:/usr/bin:/bin";

// The absolute path of a program: itself where it has a slash, else the first of that name on kSearchPath.
// Errors: kInvalid RMT-C041 (there is none, or it is no program).
Result<std::string> find_program(std::string_view name);

// Whether a confinement can be put on here: each declared path is absolute, normal, there, and neither is nor
// leads through a symbolic link; none is the system's, or holds or lies in the `closed` folder; none lies in
// another that can be written, where the child could exchange it for a link; the program and the working
// directory are in sight. Errors: kInvalid RMT-C040 (a path), RMT-C041 (the program).
Result<void> check(const Confinement& confinement, const std::filesystem::path& closed);

// Each HOST:PORT in normal form: in lower case, an address as it is usually written. Errors: kInvalid
// RMT-C043 (one is no HOST:PORT, stands for more than one host, or is declared twice; they are too many).
Result<std::vector<std::string>> normal_hosts(const std::vector<std::string>& declared);

// Whether a child sees what is at this path, HOME and temporary files left aside.
bool in_sight(const Confinement& confinement, std::string_view path);

}  // namespace remit::sandbox
