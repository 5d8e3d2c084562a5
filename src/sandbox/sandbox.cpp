#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include "sandbox/bubblewrap.h"
#include "sandbox/declared.h"
#include "sandbox/filter.h"
#include "sandbox/hosts.h"
#include "sandbox/inner_network.h"
#include "sandbox/landlock.h"
#include "sandbox/relay.h"

namespace remit::sandbox {
namespace {

namespace fs = std::filesystem;

// Where processes are counted by account, those of all children of a destination are.
constexpr std::uint64_t kChildrenOfAnAccount = 8;

std::vector<std::pair<std::string, std::string>> environment_of(const Confinement& confinement,
                                                                const std::string& home,
                                                                const std::string& temporary) {
  std::map<std::string, std::string> variables = {
      {"PATH", std::string(kSearchPath)}, {"LANG", "C.UTF-8"}, {"TMPDIR", temporary}};
  for (const auto& [name, value] : confinement.environment) variables[name] = value;
  variables["HOME"] = home;
  return {variables.begin(), variables.end()};
}

std::vector<mcp::Restrictions::Limit> limits_of(const Limits& limits) {
  return {{RLIMIT_CORE, 0},
          {RLIMIT_DATA, limits.memory_bytes},
          {RLIMIT_NOFILE, limits.files},
          {RLIMIT_FSIZE, limits.file_bytes}};
}

// Who owns all that the child may write to, if that is one account and not root.
std::optional<uid_t> owner_of(const std::vector<Placed>& declared) {
  std::optional<uid_t> owner;
  for (const auto& one : declared) {
    if (!one.writable) continue;
    if (one.declared.owner == 0 || (owner && *owner != one.declared.owner)) return std::nullopt;
    owner = one.declared.owner;
  }
  return owner;
}

std::unexpected<Error> unusable(const Declared& declared, uid_t account, std::string_view why) {
  return fail(ErrorKind::kInvalid, "RMT-C042",
              fmt::format("`{}` cannot be used by the account {} that the child runs under: {}",
                          declared.path, account, why),
              fmt::format("Give it to that account (chown -R {0}:{0} {1}), or to another one than root.",
                          account, declared.path));
}

// The first folder on the way to a path that an account may not enter.
std::optional<std::string> closed_on_the_way(const std::string& path, uid_t account) {
  fs::path way = "/";
  for (const auto& part : fs::path(path).parent_path().relative_path()) {
    way /= part;
    struct stat status = {};
    const unsigned shift = ::stat(way.c_str(), &status) == 0 && status.st_uid == account ? 6 : 0;
    if (((status.st_mode >> shift) & 01U) == 0) return way.string();
  }
  return std::nullopt;
}

Result<std::vector<Placed>> open_all(const Confinement& confinement) {
  std::vector<Placed> declared;
  for (const auto& path : confinement.reads) {
    ASSIGN_OR_RETURN(auto opened, open_declared(path));
    declared.push_back({.declared = std::move(opened)});
  }
  for (const auto& path : confinement.writes) {
    ASSIGN_OR_RETURN(auto opened, open_declared(path));
    declared.push_back({.declared = std::move(opened), .writable = true});
  }
  return declared;
}

// Has what the account could not use as it is mounted with the account in its owner's place.
Result<std::vector<mcp::Command::Mount>> map_owners(std::vector<Placed>& declared, const Home& home) {
  std::vector<mcp::Command::Mount> mounts;
  for (auto& one : declared) {
    const auto& found = one.declared;
    if (one.writable ? found.writable_by(home.account) && found.owner == home.account
                     : found.readable_by(home.account))
      continue;
    auto mapped = mount_as(found, home.account);
    if (!mapped) return unusable(found, home.account, mapped.error().message);
    one.mounted_at =
        (home.mounts / fmt::format("{}{}", found.folder() ? "folder" : "file", mounts.size())).string();
    std::error_code ec;
    if (found.folder())
      fs::create_directory(one.mounted_at, ec);
    else
      mcp::Descriptor(::open(one.mounted_at.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600));
    mounts.push_back({.tree = std::move(*mapped), .at = one.mounted_at});
  }
  return mounts;
}

// Nothing becomes `all` in silence.
Result<void> check_network(const Confinement& confinement, const Machine& machine) {
  if ((confinement.network == Network::kHosts) == confinement.hosts.empty())
    return fail(ErrorKind::kInvalid, "RMT-C043",
                "single hosts go with the network `hosts`, and it with them");
  TRY(place_hosts(confinement.hosts));
  if (confinement.network == Network::kHosts && machine.level < Level::kNamespaces)
    return fail(ErrorKind::kUnavailable, "RMT-C044",
                fmt::format("a child is held to single hosts by a network namespace, and this machine gives "
                            "`{}`: {}",
                            to_string(machine.level), fmt::join(machine.lacks, "; ")));
  return {};
}

// Opens the doors to the declared hosts in the network of what was started, then lets the server run.
Result<void> open_doors(Relay& relay, const std::string& id, const std::vector<InnerHost>& hosts,
                        InnerNetwork& network, const mcp::ChildProcess& child) {
  ASSIGN_OR_RETURN(auto listeners, network.listen(child, hosts));
  std::vector<Relay::Door> doors;
  doors.reserve(hosts.size());
  for (std::size_t i = 0; i < hosts.size(); ++i)
    doors.push_back({.host = hosts[i].declared, .listener = std::move(listeners[i])});
  TRY(relay.serve(id, child.pid, std::move(doors)));
  return network.release();
}

Result<mcp::Command> in_namespaces(const Machine& machine, const Confinement& confinement, const Home& home,
                                   std::vector<Placed> declared, Limits limits, std::vector<InnerHost> hosts,
                                   std::shared_ptr<const InnerNetwork> network) {
  std::vector<mcp::Command::Mount> mounts;
  if (machine.own_accounts && !machine.user_namespaces) {
    ASSIGN_OR_RETURN(mounts, map_owners(declared, home));
    limits.processes *= kChildrenOfAnAccount;
  }
  ASSIGN_OR_RETURN(auto opened_home, open_declared(home.home.string()));
  const std::string inner_home(kInnerHome);
  ASSIGN_OR_RETURN(
      auto command,
      bubblewrapped(machine.bubblewrap,
                    {.command = confinement.command,
                     .working_directory =
                         confinement.working_directory.empty() ? inner_home : confinement.working_directory,
                     .declared = std::move(declared),
                     .home = std::move(opened_home),
                     .network = confinement.network,
                     .hosts = std::move(hosts),
                     .inner_network = std::move(network),
                     .limits = limits,
                     .account = machine.own_accounts && !machine.user_namespaces ? std::optional(home.account)
                                                                                 : std::nullopt,
                     .user_namespace = machine.user_namespaces}));
  if (machine.own_accounts && machine.user_namespaces) command.restrictions.account = home.account;
  command.environment = environment_of(confinement, inner_home, "/tmp");
  command.mounts = std::move(mounts);
  command.restrictions.limits = limits_of(limits);
  ASSIGN_OR_RETURN(command.restrictions.landlock, make_ruleset(nullptr));
  return command;
}

FileRules rules_of(const Confinement& confinement, const Home& home) {
  FileRules rules{
      .reads = {"/usr",
                "/bin",
                "/sbin",
                "/lib",
                "/lib32",
                "/lib64",
                "/etc/alternatives",
                "/etc/ld.so.cache",
                "/etc/localtime",
                "/etc/nsswitch.conf",
                "/etc/passwd",
                "/etc/group",
                "/etc/ssl/certs",
                "/etc/ssl/openssl.cnf",
                "/etc/pki/tls/certs",
                "/etc/pki/ca-trust/extracted",
                "/dev/random",
                "/dev/urandom",
                "/proc/meminfo",
                "/proc/cpuinfo",
                "/proc/stat",
                "/proc/version",
                "/proc/filesystems"},
      .writes = {"/dev/null", "/dev/zero", "/dev/full", home.home.string(), home.temporary.string()}};
  if (confinement.network != Network::kNone)
    rules.reads.insert(rules.reads.end(), {"/etc/hosts", "/etc/resolv.conf", "/etc/host.conf",
                                           "/etc/gai.conf", "/etc/services", "/run/systemd/resolve"});
  rules.reads.insert(rules.reads.end(), confinement.reads.begin(), confinement.reads.end());
  rules.writes.insert(rules.writes.end(), confinement.writes.begin(), confinement.writes.end());
  return rules;
}

Result<mcp::Command> without_namespaces(const Machine& machine, const Confinement& confinement,
                                        const Home& home, const std::vector<Placed>& declared,
                                        const Limits& limits) {
  mcp::Command command{
      .argv = confinement.command,
      .environment = environment_of(confinement, home.home.string(), home.temporary.string()),
      .working_directory =
          confinement.working_directory.empty() ? home.home.string() : confinement.working_directory};
  command.restrictions.limits = limits_of(limits);
  command.restrictions.no_capabilities = true;
  if (machine.own_accounts) {
    for (const auto& one : declared) {
      if (const auto closed = closed_on_the_way(one.declared.path, home.account))
        return unusable(one.declared, home.account, fmt::format("it may not enter {}", *closed));
      if (one.writable ? !one.declared.writable_by(home.account) : !one.declared.readable_by(home.account))
        return unusable(one.declared, home.account, "it belongs to another one");
    }
    command.restrictions.account = home.account;
    command.restrictions.limits.push_back({RLIMIT_NPROC, limits.processes * kChildrenOfAnAccount});
  }
  const auto rules = rules_of(confinement, home);
  ASSIGN_OR_RETURN(command.restrictions.landlock, make_ruleset(&rules));
  ASSIGN_OR_RETURN(command.restrictions.filter,
                   make_filter({.internet = confinement.network != Network::kNone, .local = false}));
  return command;
}

}  // namespace

const Machine& Sandbox::machine() const {
  std::call_once(probed_, [this] {
    machine_ = known_ ? *known_ : probe(settings_.accounts.first);
    if (machine_.level > settings_.most) {
      machine_.lacks.push_back(
          fmt::format("{} would be to be had, and is not used", to_string(machine_.level)));
      machine_.level = settings_.most;
      machine_.own_accounts = machine_.own_accounts && settings_.most >= Level::kAccount;
    }
    auto folder = settings_.children;
    // An account of its own may not enter the data folder, and below namespaces it goes to its home by its
    // path.
    if (folder.empty())
      folder = machine_.level == Level::kAccount ? fs::path(settings_.data.string() + ".children")
                                                 : settings_.data / "children";
    homes_.emplace(std::move(folder), settings_.accounts, machine_.own_accounts);
  });
  return machine_;
}

Sandbox::Sandbox(Settings settings) : settings_(std::move(settings)) {}
Sandbox::Sandbox(Settings settings, Machine machine)
    : settings_(std::move(settings)), known_(std::move(machine)) {}
Sandbox::~Sandbox() = default;

// Not before it is needed: it has threads of its own.
Relay& Sandbox::relay() {
  std::call_once(relay_made_, [this] { relay_ = std::make_unique<Relay>(settings_.relay); });
  return *relay_;
}

Result<void> Sandbox::check(const Confinement& confinement) const {
  TRY(check_network(confinement, machine()));
  return sandbox::check(confinement, settings_.data);
}

Result<mcp::Command> Sandbox::command(const std::string& id, const Confinement& confinement) {
  const auto& machine = this->machine();
  TRY(check(confinement));
  ASSIGN_OR_RETURN(auto declared, open_all(confinement));
  ASSIGN_OR_RETURN(const auto home, homes_->of(id, machine.own_accounts ? owner_of(declared) : std::nullopt));
  if (machine.level == Level::kNamespaces) {
    std::shared_ptr<InnerNetwork> network;
    ASSIGN_OR_RETURN(const auto hosts, place_hosts(confinement.hosts));
    if (!hosts.empty()) {
      ASSIGN_OR_RETURN(network, InnerNetwork::make());
    }
    ASSIGN_OR_RETURN(auto command, in_namespaces(machine, confinement, home, std::move(declared),
                                                 settings_.limits, hosts, network));
    if (network)
      command.started = [&relay = relay(), id, hosts, network](const mcp::ChildProcess& child) {
        return open_doors(relay, id, hosts, *network, child);
      };
    return command;
  }
  return without_namespaces(machine, confinement, home, declared, settings_.limits);
}

void close_own_memory() {
  ::prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

}  // namespace remit::sandbox
