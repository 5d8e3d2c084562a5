#include "sandbox/homes.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <system_error>

namespace remit::sandbox {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> no_home(const fs::path& path, int error) {
  return fail(ErrorKind::kUnavailable, "RMT-M045",
              fmt::format("{}: {}", path.string(), std::generic_category().message(error)));
}

std::optional<uid_t> owner_of(const fs::path& folder) {
  struct stat status = {};
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return std::nullopt;
  return status.st_uid;
}

Result<void> make_folder(const fs::path& folder, mode_t mode) {
  if (::mkdir(folder.c_str(), mode) != 0 && errno != EEXIST) return no_home(folder, errno);
  if (!owner_of(folder)) return no_home(folder, ENOTDIR);
  return {};
}

// What its content is worth is gone with the account that made it.
Result<void> give(const fs::path& folder, uid_t account) {
  if (const auto owner = owner_of(folder); owner && *owner != account) {
    std::error_code ec;
    fs::remove_all(folder, ec);
    if (ec) return no_home(folder, ec.value());
  }
  TRY(make_folder(folder, 0700));
  if (owner_of(folder) != account && ::chown(folder.c_str(), account, account) != 0)
    return no_home(folder, errno);
  return {};
}

}  // namespace

Result<uid_t> Homes::free_account() const {
  std::set<uid_t> taken;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(folder_, ec))
    if (const auto owner = owner_of(entry.path() / "home")) taken.insert(*owner);
  for (uid_t account = accounts_.first; account <= accounts_.last; ++account)
    if (!taken.contains(account)) return account;
  return fail(ErrorKind::kUnavailable, "RMT-M045",
              fmt::format("each account from {} to {} belongs to a destination already", accounts_.first,
                          accounts_.last));
}

Result<Home> Homes::of(const std::string& id, std::optional<uid_t> account) {
  const std::lock_guard lock(mutex_);
  std::error_code ec;
  fs::create_directories(folder_, ec);
  if (ec) return no_home(folder_, ec.value());
  const fs::path own = fs::canonical(folder_, ec) / id;  // it is opened without following links
  if (ec) return no_home(folder_, ec.value());
  Home home{.home = own / "home", .temporary = own / "tmp", .mounts = own / "mounts", .account = ::geteuid()};
  if (own_accounts_) {
    const auto owner = owner_of(home.home);
    const bool usable = owner && *owner >= accounts_.first && *owner <= accounts_.last;
    if (account) {
      home.account = *account;
    } else if (usable) {
      home.account = *owner;
    } else {
      ASSIGN_OR_RETURN(home.account, free_account());
    }
  }
  TRY(make_folder(own, 0755));
  TRY(make_folder(home.mounts, 0700));
  TRY(give(home.home, home.account));
  TRY(give(home.temporary, home.account));
  return home;
}

}  // namespace remit::sandbox
