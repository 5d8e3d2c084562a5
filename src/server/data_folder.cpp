#include "server/data_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "audit/files.h"

namespace remit::server {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> cannot_be_used(const fs::path& folder, int error) {
  return fail(ErrorKind::kUnavailable, "RMT-X020",
              fmt::format("the data folder {} cannot be used: {}", folder.string(),
                          std::generic_category().message(error)));
}

std::string account_name(uid_t account) {
  std::array<char, 1024> room{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(account, &entry, room.data(), room.size(), &found);
  return found != nullptr ? std::string(found->pw_name) : fmt::format("{}", account);
}

// That `path`, where it is there, is this account's and has none of the mode bits `closed`.
Result<void> check_owner(const fs::path& path, mode_t closed) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return cannot_be_used(path, errno);
  }
  if (S_ISLNK(status.st_mode))
    return fail(ErrorKind::kForbidden, "RMT-X022", fmt::format("{} is a symbolic link", path.string()),
                "Put the file itself in its place.");
  if (status.st_uid != ::geteuid()) {
    const auto owner = account_name(status.st_uid);
    return fail(ErrorKind::kForbidden, "RMT-X022",
                fmt::format("{} belongs to the account {}", path.string(), owner),
                fmt::format("Run this as that account: sudo -u {} remit …; or give the file to this one: "
                            "chown {} {}",
                            owner, account_name(::geteuid()), path.string()));
  }
  if ((status.st_mode & closed) != 0)
    return fail(ErrorKind::kForbidden, "RMT-X022",
                fmt::format("{} is open to other accounts (mode {:03o})", path.string(),
                            static_cast<unsigned>(status.st_mode & 0777U)),
                fmt::format("Type: chmod {} {}",
                            S_ISDIR(status.st_mode) ? "700"
                            : (closed & 044U) != 0U ? "600"
                                                    : "644",
                            path.string()));
  return {};
}

// A folder in which nothing is yet becomes this account's own.
Result<void> make_folder(const fs::path& folder) {
  TRY(make_private_folders(folder));
  std::error_code ec;
  struct stat status{};
  if (::stat(folder.c_str(), &status) != 0) return cannot_be_used(folder, errno);
  const bool empty = fs::is_empty(folder, ec);
  if (ec) return cannot_be_used(folder, ec.value());
  if (empty && status.st_uid == ::geteuid() && ::chmod(folder.c_str(), 0700) != 0)
    return cannot_be_used(folder, errno);
  return {};
}

}  // namespace

Result<void> make_private_folders(const fs::path& folder) {
  std::error_code ec;
  if (folder.empty() || fs::is_directory(folder, ec)) return {};
  TRY(make_private_folders(folder.parent_path()));
  if (::mkdir(folder.c_str(), 0700) == 0) return {};
  const int error = errno;
  if (fs::is_directory(folder, ec)) return {};  // another process was faster
  return cannot_be_used(folder, error == EEXIST ? ENOTDIR : error);
}

std::filesystem::path DataFolder::issuer_key(std::string_view environment) const {
  return root / fmt::format("issuer-{}.jwk", environment);
}

std::vector<fs::path> DataFolder::key_files() const {
  std::vector<fs::path> all{audit_key(), audit_public_key(), vault_key()};
  for (const auto environment : kEnvironments) all.push_back(issuer_key(to_string(environment)));
  return all;
}

Result<void> DataFolder::make_ready() const {
  TRY(make_folder(root));
  TRY(check_owner(root, 077));
  for (const auto& suffix : {"", "-wal", "-shm", ".lock"}) TRY(check_owner(store().string() + suffix, 077));
  TRY(check_owner(audit_checkpoint(), 077));
  for (const auto& file : key_files()) TRY(check_owner(file, file == audit_public_key() ? 022 : 077));
  return {};
}

Result<void> DataFolder::check_whole() const {
  std::error_code ec;
  if (fs::exists(restoring() / "ready", ec))
    return fail(ErrorKind::kConflict, "RMT-X033",
                fmt::format("a restore of {} was broken off", root.string()));
  if (fs::exists(store(), ec) && fs::file_size(store(), ec) > 0) return {};
  auto kept = key_files();
  kept.push_back(audit_checkpoint());
  for (const auto& file : kept)
    if (fs::exists(file, ec))
      return fail(ErrorKind::kNotFound, "RMT-X023",
                  fmt::format("{} is {}, but {} is there: a new store beside old keys would be another "
                              "history under their names",
                              store().string(), fs::exists(store(), ec) ? "empty" : "missing", file.string()),
                  "Put the backup back with `remit restore DIR`; for a new plane name another folder with "
                  "--data.");
  return {};
}

void DataFolder::remove_half_written() const {
  std::error_code ec;
  const auto is_left_over = [&](const std::string& name) {
    for (const auto& file : key_files())
      if (const auto own = file.filename().string(); name == own + ".part" || name == own + ".new")
        return true;
    return false;
  };
  std::vector<fs::path> left_over;
  for (fs::directory_iterator one(root, ec), end; !ec && one != end; one.increment(ec))
    if (is_left_over(one->path().filename().string())) left_over.push_back(one->path());
  for (const auto& file : left_over) fs::remove(file, ec);
  for (const auto& file : {audit_checkpoint(), audit_key(), audit_public_key(), probe()})
    audit::remove_half_written(file);
}

Result<DataFolder::SocketAddress> DataFolder::socket_address() const {
  if (socket().native().size() < sizeof(sockaddr_un::sun_path))
    return SocketAddress{.text = "unix:" + socket().string()};
  const int fd = ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return fail(ErrorKind::kUnavailable, "RMT-X020",
                fmt::format("the data folder {} cannot be opened: {}", root.string(),
                            std::generic_category().message(errno)));
  return SocketAddress{.text = fmt::format("unix:/proc/self/fd/{}/{}", fd, socket().filename().string()),
                       .keep = std::shared_ptr<const int>(new int(fd), [](const int* open) {
                         ::close(*open);
                         delete open;
                       })};
}

}  // namespace remit::server
