// Homes: a folder for each destination's children, which stays from one child to the next, and the account
// that they run under, where they have their own.
//
//   FOLDER/ID/home   HOME: caches, state; mode 0700, the account's
//   FOLDER/ID/tmp    temporary files, where the child has no /tmp of its own; emptied when a child starts
//   alone FOLDER/ID/mounts where folders are mounted for it; Remit's
//
// One for each destination, not for each agent: its children run one program with one credential on the same
// folders, so a wall between their homes would only look like one.
//
// The folder is its own register: an account is taken that no other home belongs to.
//
// Thread-safety: any number of threads.

#pragma once

#include <sys/types.h>

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"

namespace remit::sandbox {

struct Accounts {
  uid_t first = 200'000;
  uid_t last = 265'535;
};

struct Home {
  std::filesystem::path home, temporary, mounts;
  uid_t account = 0;  // who they belong to
};

class Homes {
 public:
  // `own_accounts`: each destination has an account of its own; else all belong to this process's.
  Homes(std::filesystem::path folder, Accounts accounts, bool own_accounts)
      : folder_(std::move(folder)), accounts_(accounts), own_accounts_(own_accounts) {}

  // Makes it where it is missing. A home that belongs to another account than `account` names is made anew,
  // empty. Errors: kUnavailable RMT-M045.
  Result<Home> of(const std::string& id, std::optional<uid_t> account = {});

 private:
  Result<uid_t> free_account() const;

  const std::filesystem::path folder_;
  const Accounts accounts_;
  const bool own_accounts_;
  std::mutex mutex_;
};

}  // namespace remit::sandbox
