#include "sandbox/bubblewrap.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <set>
#include <system_error>

#include "sandbox/filter.h"

namespace remit::sandbox {
namespace {

namespace fs = std::filesystem;

// The child's user and group where a user namespace gives it numbers of its own.
constexpr uid_t kInnerAccount = 1000;
constexpr int kFirstDescriptor = 3;
constexpr std::uint64_t kSharedMemoryBytes = std::uint64_t{64} << 20U;

constexpr auto kSystem = std::to_array<std::string_view>({"bin", "sbin", "lib", "lib32", "lib64", "libx32"});
// What libraries read of the machine's configuration. Nothing of it is about people or secrets.
constexpr auto kConfiguration = std::to_array<std::string_view>(
    {"alternatives", "ca-certificates", "gai.conf", "host.conf", "ld.so.cache", "ld.so.conf", "ld.so.conf.d",
     "localtime", "mime.types", "pki/tls/certs", "pki/ca-trust/extracted", "protocols", "services",
     "ssl/certs", "ssl/openssl.cnf", "timezone"});
constexpr auto kNetworkConfiguration =
    std::to_array<std::string_view>({"hosts", "nsswitch.conf", "resolv.conf"});

Result<std::shared_ptr<const mcp::Descriptor>> memory_file(std::string_view content) {
  auto file = std::make_shared<mcp::Descriptor>(::memfd_create("child", MFD_CLOEXEC));
  if (file->get() < 0 || ::write(file->get(), content.data(), content.size()) != std::ssize(content) ||
      ::lseek(file->get(), 0, SEEK_SET) != 0)
    return fail(ErrorKind::kUnavailable, "RMT-M044",
                fmt::format("a file in memory: {}", std::generic_category().message(errno)));
  return file;
}

// Arguments and the descriptors that they name. The arguments go through a descriptor too, so that no list of
// processes shows the paths of this machine, to the child least of all.
class Line {
 public:
  Line() : descriptors_(1) {}  // the first is the arguments'

  template <typename... Words>
  void add(const Words&... words) {
    (append(words), ...);
  }
  std::string hand(std::shared_ptr<const mcp::Descriptor> descriptor) {
    descriptors_.push_back(std::move(descriptor));
    return std::to_string(kFirstDescriptor + std::ssize(descriptors_) - 1);
  }
  Result<void> add_file(std::string_view path, std::string_view content) {
    ASSIGN_OR_RETURN(auto file, memory_file(content));
    // bubblewrap's own choice is 0600, which the child's account could not read where that is another one.
    add("--perms", "0644", "--ro-bind-data", hand(std::move(file)), path);
    return {};
  }
  Result<std::vector<std::shared_ptr<const mcp::Descriptor>>> finish() && {
    ASSIGN_OR_RETURN(descriptors_.front(), memory_file(text_));
    return std::move(descriptors_);
  }

 private:
  void append(std::string_view word) {
    text_ += word;
    text_ += '\0';
  }
  std::string text_;
  std::vector<std::shared_ptr<const mcp::Descriptor>> descriptors_;
};

void add_namespaces(Line& line, const Inside& inside) {
  line.add("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "child",
           "--new-session", "--die-with-parent");
  if (inside.network != Network::kAll) line.add("--unshare-net");
  if (inside.inner_network)
    line.add("--info-fd", line.hand(inside.inner_network->told_through()), "--block-fd",
             line.hand(inside.inner_network->held_by()));
  line.add("--cap-drop", "ALL");
  if (inside.user_namespace)
    line.add("--unshare-user", "--uid", std::to_string(kInnerAccount), "--gid",
             std::to_string(kInnerAccount));
  else
    line.add("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP");
}

// The folders above a path, for everybody to pass: those that bubblewrap makes by itself are closed to all
// but their owner.
void add_way(Line& line, std::set<fs::path>& made, const fs::path& path) {
  const auto above = path.parent_path();
  if (!above.has_relative_path() || !made.insert(above).second) return;
  add_way(line, made, above);
  line.add("--perms", "0755", "--dir", above.native());
}

Result<void> add_system(Line& line, std::set<fs::path>& made, const Inside& inside) {
  line.add("--ro-bind", "/usr", "/usr");
  std::error_code ec;
  for (const auto name : kSystem) {
    const fs::path path = fs::path("/") / name;
    if (const auto target = fs::read_symlink(path, ec); !ec)
      line.add("--symlink", target.native(), path.native());
    else if (fs::is_directory(path, ec))
      line.add("--ro-bind", path.native(), path.native());
  }
  const auto add_configuration = [&](std::string_view name) {
    const auto path = fmt::format("/etc/{}", name);
    add_way(line, made, path);
    line.add("--ro-bind-try", path, path);
  };
  for (const auto name : kConfiguration) add_configuration(name);
  if (inside.network != Network::kAll) {
    TRY(line.add_file("/etc/hosts", hosts_file(inside.hosts)));
    // A name that is not there is unknown at once: nobody is asked.
    TRY(line.add_file("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"));
  } else {
    for (const auto name : kNetworkConfiguration) add_configuration(name);
  }
  const auto account = inside.account.value_or(kInnerAccount);
  TRY(line.add_file("/etc/passwd",
                    fmt::format("root:x:0:0:root:/:/usr/sbin/nologin\nchild:x:{0}:{0}:child:{1}:/bin/sh\n"
                                "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
                                account, kInnerHome)));
  return line.add_file("/etc/group", fmt::format("root:x:0:\nchild:x:{}:\nnogroup:x:65534:\n", account));
}

void add_scratch(Line& line, const Limits& limits) {
  line.add("--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev");
  line.add("--perms", "1777", "--size", std::to_string(kSharedMemoryBytes), "--tmpfs", "/dev/shm");
  line.add("--perms", "1777", "--size", std::to_string(limits.temporary_bytes), "--tmpfs", "/tmp");
  line.add("--dir", "/run", "--dir", "/var", "--symlink", "/tmp", "/var/tmp");
}

void add_declared(Line& line, std::set<fs::path>& made, const Inside& inside) {
  add_way(line, made, kInnerHome);
  for (const auto& one : inside.declared) add_way(line, made, one.declared.path);
  line.add("--bind-fd", line.hand(inside.home.opened), kInnerHome);
  for (const auto& one : inside.declared) {
    if (!one.mounted_at.empty())
      line.add(one.writable ? "--bind" : "--ro-bind", one.mounted_at, one.declared.path);
    else
      line.add(one.writable ? "--bind-fd" : "--ro-bind-fd", line.hand(one.declared.opened),
               one.declared.path);
  }
}

// What runs inside before the program, in the program's place: the account that it takes, and the bound on
// its processes, which counts from here on.
std::vector<std::string> inner_command(const Inside& inside) {
  std::vector<std::string> command;
  if (!inside.user_namespace && inside.account)
    command = {"/usr/bin/setpriv",
               "--reuid",
               std::to_string(*inside.account),
               "--regid",
               std::to_string(*inside.account),
               "--clear-groups",
               "--inh-caps=-all",
               "--bounding-set=-all",
               "--"};
  // The account, not bubblewrap, must be able to enter the folder.
  command.insert(command.end(), {"/usr/bin/env", "-C", inside.working_directory, "/usr/bin/prlimit",
                                 fmt::format("--nproc={}", inside.limits.processes), "--"});
  command.insert(command.end(), inside.command.begin(), inside.command.end());
  return command;
}

}  // namespace

Result<mcp::Command> bubblewrapped(const std::string& bubblewrap, const Inside& inside) {
  Line line;
  add_namespaces(line, inside);
  std::set<fs::path> made;
  TRY(add_system(line, made, inside));
  add_scratch(line, inside.limits);
  add_declared(line, made, inside);
  // Nothing but what was mounted above is left to write to.
  line.add("--remount-ro", "/");
  ASSIGN_OR_RETURN(const auto filter, make_filter({}));
  ASSIGN_OR_RETURN(auto program, memory_file({reinterpret_cast<const char*>(filter.data()),
                                              filter.size() * sizeof(sock_filter)}));
  line.add("--seccomp", line.hand(std::move(program)));

  mcp::Command command{.argv = {bubblewrap, "--args", std::to_string(kFirstDescriptor), "--"},
                       .monitored = true};
  const auto inner = inner_command(inside);
  command.argv.insert(command.argv.end(), inner.begin(), inner.end());
  ASSIGN_OR_RETURN(command.descriptors, std::move(line).finish());
  return command;
}

}  // namespace remit::sandbox
