#include "sandbox/confinement.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace remit::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kSystemPrograms = {"/usr", "/bin", "/sbin", "/lib", "/lib64"};
// Not to be declared: what the whole machine shares. What lies below the first ones may be.
constexpr std::array<std::string_view, 17> kSystemFolders = {
    "/",    "/bin", "/boot", "/etc",  "/home", "/lib", "/lib32", "/lib64", "/media",
    "/mnt", "/opt", "/root", "/sbin", "/srv",  "/tmp", "/usr",   "/var"};
// Not to be declared with anything in them: the kernel's, and the sockets of services.
constexpr std::array<std::string_view, 5> kKernelFolders = {"/proc", "/sys", "/dev", "/run", "/var/run"};

bool lies_in(std::string_view path, std::string_view folder) {
  return path == folder || folder == "/" ||
         (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

std::unexpected<Error> bad_path(std::string_view path, std::string_view why, std::string fix = {}) {
  return fail(ErrorKind::kInvalid, "RMT-C040", fmt::format("`{}` {}", path.substr(0, 200), why),
              std::move(fix));
}

bool runs(const std::string& program) {
  std::error_code ec;
  return ::access(program.c_str(), X_OK) == 0 && fs::is_regular_file(program, ec);
}

Result<void> check_path(const std::string& path, const fs::path& closed) {
  if (!path.starts_with('/') || path.contains('\0') || fs::path(path).lexically_normal() != path ||
      (path.size() > 1 && path.ends_with('/')))
    return bad_path(path, "is not an absolute path in its shortest form");
  if (std::ranges::find(kSystemFolders, path) != kSystemFolders.end())
    return bad_path(path, "is the whole machine's", "Declare the folder below it that the server needs.");
  for (const auto folder : kKernelFolders)
    if (lies_in(path, folder))
      return bad_path(path,
                      fmt::format("lies in {}, which is the kernel's or the system's services'", folder));
  std::error_code ec;
  const fs::path real = fs::canonical(path, ec);
  if (ec) return bad_path(path, fmt::format("cannot be declared: {}", ec.message()));
  if (real != path)
    return bad_path(path, "is, or leads through, a symbolic link",
                    fmt::format("Declare what it leads to: {}", real.string()));
  if (const auto kind = fs::status(real, ec).type();
      kind != fs::file_type::directory && kind != fs::file_type::regular)
    return bad_path(path, "is neither a folder nor a file");
  const fs::path data = fs::weakly_canonical(closed, ec);
  if (ec || lies_in(real.native(), data.native()) || lies_in(data.native(), real.native()))
    return bad_path(path, fmt::format("holds or lies in Remit's data folder {}", closed.string()),
                    "Keep what agents work on apart from what Remit keeps.");
  return {};
}

}  // namespace

Result<std::string> find_program(std::string_view name) {
  std::string found(name);
  if (!name.contains('/')) {
    std::string_view rest = kSearchPath;
    for (found.clear(); found.empty() && !rest.empty();) {
      const auto folder = rest.substr(0, rest.find(':'));
      rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
      if (auto candidate = fmt::format("{}/{}", folder, name); runs(candidate)) found = std::move(candidate);
    }
    if (found.empty())
      return fail(ErrorKind::kInvalid, "RMT-C041",
                  fmt::format("there is no program `{}` on {}", name.substr(0, 200), kSearchPath));
  }
  if (!found.starts_with('/'))
    return fail(ErrorKind::kInvalid, "RMT-C041",
                fmt::format("the program `{}` is not an absolute path, nor a name on {}", name.substr(0, 200),
                            kSearchPath));
  if (!runs(found))
    return fail(ErrorKind::kInvalid, "RMT-C041",
                fmt::format("there is no program that may be started at `{}`", found.substr(0, 200)));
  return found;
}

bool in_sight(const Confinement& confinement, std::string_view path) {
  const auto holds = [&](std::string_view folder) { return lies_in(path, folder); };
  return std::ranges::any_of(kSystemPrograms, holds) || std::ranges::any_of(confinement.reads, holds) ||
         std::ranges::any_of(confinement.writes, holds);
}

Result<void> check(const Confinement& confinement, const fs::path& closed) {
  for (const auto* declared : {&confinement.reads, &confinement.writes})
    for (const auto& path : *declared) {
      TRY(check_path(path, closed));
      for (const auto& written : confinement.writes)
        if (path != written && lies_in(path, written))
          return bad_path(path, fmt::format("lies in {}, which can be written already", written));
    }
  if (confinement.command.empty()) return fail(ErrorKind::kInvalid, "RMT-C041", "the command has no program");
  TRY(find_program(confinement.command.front()));

  // The link and what it leads to: either may be out of sight.
  std::error_code ec;
  const auto& program = confinement.command.front();
  for (const auto& path : {program, fs::canonical(program, ec).string()})
    if (!in_sight(confinement, path))
      return fail(ErrorKind::kInvalid, "RMT-C041",
                  fmt::format("the program `{}` is not visible to the child", path.substr(0, 200)),
                  fmt::format("Add --reads {}, or the folder above it if the program needs more of that.",
                              fs::path(path).parent_path().string()));
  if (!confinement.working_directory.empty()) {
    if (!in_sight(confinement, confinement.working_directory) ||
        !fs::is_directory(confinement.working_directory, ec))
      return bad_path(confinement.working_directory, "is no folder that is visible to the child",
                      "Add --reads or --writes for the working directory too.");
  }
  return {};
}

}  // namespace remit::sandbox
