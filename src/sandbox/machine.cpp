#include "sandbox/machine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "mcp/child_process.h"
#include "mcp/last_words.h"
#include "sandbox/bubblewrap.h"
#include "sandbox/filter.h"
#include "sandbox/landlock.h"

namespace remit::sandbox {
namespace {

constexpr std::array<std::pair<Level, std::string_view>, 4> kLevels = {{{Level::kNone, "none"},
                                                                        {Level::kLandlock, "landlock"},
                                                                        {Level::kAccount, "account"},
                                                                        {Level::kNamespaces, "namespaces"}}};

// Runs a command to its end. Nothing where it ended well, else why not.
std::string trouble_with(const mcp::Command& command) {
  auto child = mcp::launch(command);
  if (!child) return child.error().message;
  child->standard_input = mcp::Descriptor();
  std::string said;
  std::array<char, 512> chunk;
  ::fcntl(child->standard_error.get(), F_SETFL, 0);  // blocking
  for (ssize_t got = 0; (got = ::read(child->standard_error.get(), chunk.data(), chunk.size())) > 0;)
    said.append(chunk.data(), static_cast<std::size_t>(got));
  int status = 0;
  while (::waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const auto words = mcp::last_words(said);
  return words.empty() ? fmt::format("status {:#x}", static_cast<unsigned>(status)) : words;
}

std::string trouble_with_bubblewrap(const std::string& program, uid_t account, bool user_namespace,
                                    bool take_account) {
  auto home = open_declared("/usr");  // any folder will do
  if (!home) return home.error().message;
  auto command = bubblewrapped(
      program, {.command = {"/usr/bin/true"},
                .working_directory = "/",
                .declared = {},
                .home = std::move(*home),
                .account = !user_namespace && take_account ? std::optional(account) : std::nullopt,
                .user_namespace = user_namespace});
  if (!command) return command.error().message;
  if (user_namespace && take_account) command->restrictions.account = account;
  if (auto ruleset = make_ruleset(nullptr)) command->restrictions.landlock = std::move(*ruleset);
  return trouble_with(*command);
}

bool can_take(uid_t account) {
  return trouble_with({.argv = {"/usr/bin/true"}, .restrictions = {.account = account}}).empty();
}

// What is most often in the way, for the person who can put it out of it.
constexpr std::string_view kHowToGetNamespaces =
    "install bubblewrap; let it make user namespaces (sysctl user.max_user_namespaces, "
    "kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0 or an AppArmor "
    "profile for "
    "bwrap); in a container, docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--security-opt systempaths=unconfined";

}  // namespace

std::string_view to_string(Level level) { return kLevels.at(static_cast<std::size_t>(level)).second; }

std::optional<Level> parse_level(std::string_view name) {
  for (const auto& [level, spelling] : kLevels)
    if (spelling == name) return level;
  return std::nullopt;
}

Machine probe(uid_t account) {
  Machine machine;
  machine.landlock = landlock_revision();
  machine.own_accounts = ::geteuid() == 0 && can_take(account);
  if (const auto program = find_program("bwrap"); !program) {
    machine.lacks.push_back(
        fmt::format("no namespaces: bubblewrap (bwrap) is not installed; {}", kHowToGetNamespaces));
  } else {
    // As root with all rights the mounts are made before the account is taken, so that every folder can be
    // reached.
    std::string trouble;
    for (const bool user_namespace : {false, true}) {
      if (!user_namespace && !machine.own_accounts) continue;
      const auto why = trouble_with_bubblewrap(*program, account, user_namespace, machine.own_accounts);
      if (why.empty()) {
        machine.level = Level::kNamespaces;
        machine.bubblewrap = *program;
        machine.user_namespaces = user_namespace;
        break;
      }
      trouble = why;
    }
    if (machine.level != Level::kNamespaces)
      machine.lacks.push_back(fmt::format("no namespaces: {}; {}", trouble, kHowToGetNamespaces));
  }
  if (machine.landlock == 0)
    machine.lacks.push_back("no Landlock: switch it on in the kernel (lsm=landlock,…), Linux 5.13 or newer");
  else if (machine.landlock < kLandlockScopes)
    machine.lacks.push_back(
        fmt::format("Landlock {} of {}: it keeps no child from abstract sockets where it has the "
                    "network; Linux 6.12 or newer does",
                    machine.landlock, kLandlockScopes));
  if (machine.level == Level::kNamespaces) return machine;
  if (machine.own_accounts) {
    machine.level = Level::kAccount;
    return machine;
  }
  machine.lacks.push_back("no accounts of their own for children: Remit does not run as root");
  machine.lacks.push_back("no bound on the processes of a child");
  if (machine.landlock < kLandlockScopes)
    machine.lacks.push_back("a child can signal Remit and other children");
  if (machine.landlock > 0) machine.level = Level::kLandlock;
  return machine;
}

std::string describe(const Machine& machine) {
  std::vector<std::string> parts;
  if (machine.level == Level::kNamespaces)
    parts.push_back(machine.user_namespaces ? "user namespaces" : "made by root");
  if (machine.own_accounts) parts.emplace_back("accounts of their own");
  if (machine.landlock > 0) parts.push_back(fmt::format("Landlock {}", machine.landlock));
  parts.emplace_back("seccomp");
  return fmt::format("{} ({})", to_string(machine.level), fmt::join(parts, ", "));
}

}  // namespace remit::sandbox
