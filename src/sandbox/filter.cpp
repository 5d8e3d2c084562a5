#include "sandbox/filter.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>

#include "mcp/child_process.h"

namespace remit::sandbox {
namespace {

// By name, since older headers lack some; one that libseccomp does not know is caught by kUnknownFrom.
constexpr auto kDenied = std::to_array<std::string_view>({"acct",
                                                          "add_key",
                                                          "adjtimex",
                                                          "bpf",
                                                          "chroot",
                                                          "clock_adjtime",
                                                          "clock_settime",
                                                          "create_module",
                                                          "delete_module",
                                                          "fanotify_init",
                                                          "finit_module",
                                                          "get_kernel_syms",
                                                          "init_module",
                                                          "ioperm",
                                                          "iopl",
                                                          "kcmp",
                                                          "kexec_file_load",
                                                          "kexec_load",
                                                          "keyctl",
                                                          "lookup_dcookie",
                                                          "mount",
                                                          "move_pages",
                                                          "name_to_handle_at",
                                                          "nfsservctl",
                                                          "open_by_handle_at",
                                                          "perf_event_open",
                                                          "pidfd_getfd",
                                                          "pivot_root",
                                                          "process_madvise",
                                                          "process_vm_readv",
                                                          "process_vm_writev",
                                                          "ptrace",
                                                          "query_module",
                                                          "quotactl",
                                                          "quotactl_fd",
                                                          "reboot",
                                                          "request_key",
                                                          "setdomainname",
                                                          "sethostname",
                                                          "setns",
                                                          "settimeofday",
                                                          "stime",
                                                          "swapoff",
                                                          "swapon",
                                                          "_sysctl",
                                                          "sysfs",
                                                          "syslog",
                                                          "umount",
                                                          "umount2",
                                                          "unshare",
                                                          "uselib",
                                                          "userfaultfd",
                                                          "ustat",
                                                          "vhangup",
                                                          "vm86",
                                                          "vm86old",
                                                          "vserver",
                                                          "migrate_pages",
                                                          "mbind",
                                                          "set_mempolicy",
                                                          "modify_ldt",
                                                          "memfd_secret"});
// Programs try these first and know what to do without them.
constexpr auto kNotThere = std::to_array<std::string_view>(
    {"clone3", "io_uring_setup", "io_uring_enter", "io_uring_register", "openat2", "open_tree", "move_mount",
     "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr"});
// Whatever came to the kernel after these are not there: fchmodat2, listmount, … (numbers shared by all
// machines).
constexpr int kUnknownFrom = 451;

constexpr std::uint64_t kNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                      CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
                                      0x00000080 /* CLONE_NEWTIME */;
constexpr std::uint64_t kSetId = S_ISUID | S_ISGID;

using Context = std::unique_ptr<void, decltype(&seccomp_release)>;

// Adds rules until one fails; the first failure is kept.
class Rules {
 public:
  explicit Rules(scmp_filter_ctx context) : context_(context) {}

  void deny(std::string_view name, int error, std::initializer_list<scmp_arg_cmp> when = {}) {
    const int number = seccomp_syscall_resolve_name(std::string(name).c_str());
    if (number == __NR_SCMP_ERROR) return;  // newer than the library: the kernel's list ends before it
    const std::vector<scmp_arg_cmp> arguments(when);
    const int done =
        seccomp_rule_add_array(context_, SCMP_ACT_ERRNO(static_cast<std::uint32_t>(error)), number,
                               static_cast<unsigned>(arguments.size()), arguments.data());
    // EDOM, EACCES: a call that this machine does not have.
    if (done < 0 && done != -EDOM && done != -EACCES && failure_ == 0) failure_ = done;
  }
  int failure() const { return failure_; }

 private:
  scmp_filter_ctx context_;
  int failure_ = 0;
};

scmp_arg_cmp any_bit(unsigned argument, std::uint64_t mask, std::uint64_t bit) {
  return {argument, SCMP_CMP_MASKED_EQ, mask & bit, bit};
}

void deny_set_id(Rules& rules) {
  for (const std::uint64_t bit : {std::uint64_t{S_ISUID}, std::uint64_t{S_ISGID}}) {
    for (const auto name : {"chmod", "fchmod", "creat", "mknod", "mkdir"})
      rules.deny(name, EPERM, {any_bit(1, kSetId, bit)});
    for (const auto name : {"fchmodat", "mknodat", "mkdirat"})
      rules.deny(name, EPERM, {any_bit(2, kSetId, bit)});
    // The mode is an argument only where a file may be made.
    for (const std::uint64_t make : {std::uint64_t{O_CREAT}, std::uint64_t{O_TMPFILE & ~O_DIRECTORY}}) {
      rules.deny("open", EPERM, {any_bit(1, make, make), any_bit(2, kSetId, bit)});
      rules.deny("openat", EPERM, {any_bit(2, make, make), any_bit(3, kSetId, bit)});
    }
  }
}

void deny_sockets(Rules& rules, const FilterOptions& options) {
  for (const auto name : {"socket", "socketpair"}) {
    // Families are few and small: all below the highest that is let through are named, all above in one rule.
    for (int family = 0; family <= AF_NETLINK; ++family) {
      const bool pair = std::string_view(name) == "socketpair";
      const bool allowed = (family == AF_UNIX && (options.local || pair)) ||
                           ((family == AF_INET || family == AF_INET6) && options.internet) ||
                           (family == AF_NETLINK && options.internet);
      if (!allowed) rules.deny(name, EAFNOSUPPORT, {{0, SCMP_CMP_EQ, static_cast<std::uint64_t>(family), 0}});
    }
    rules.deny(name, EAFNOSUPPORT, {{0, SCMP_CMP_GT, AF_NETLINK, 0}});
  }
  // Of a pair for datagrams an end can be sent from to any address.
  if (!options.local) rules.deny("socketpair", EPERM, {{1, SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM}});
  // Of netlink, what tells addresses and routes (NETLINK_ROUTE, 0). The low half is what the kernel looks at.
  for (std::uint64_t bit = 1; bit <= 0x8000'0000; bit <<= 1U)
    rules.deny("socket", EAFNOSUPPORT, {{0, SCMP_CMP_EQ, AF_NETLINK, 0}, any_bit(2, bit, bit)});
}

void deny_more(Rules& rules) {
  for (std::uint64_t bit = 1; bit != 0 && bit <= kNamespaces; bit <<= 1U)
    if ((kNamespaces & bit) != 0) rules.deny("clone", EPERM, {any_bit(0, kNamespaces, bit)});
  // The low half is what the kernel looks at.
  for (const std::uint64_t request : {std::uint64_t{TIOCSTI}, std::uint64_t{0x541C} /* TIOCLINUX */})
    rules.deny("ioctl", EPERM, {{1, SCMP_CMP_MASKED_EQ, 0xffffffff, request}});
  // Old personalities weaken the layout of memory.
  rules.deny("personality", EPERM, {{0, SCMP_CMP_MASKED_EQ, 0x0040000, 0x0040000}});  // ADDR_NO_RANDOMIZE
}

std::unexpected<Error> no_filter(std::string_view what, int error) {
  return fail(ErrorKind::kUnavailable, "RMT-M044",
              fmt::format("the filter of system calls could not be {}: {}", what,
                          std::generic_category().message(error)));
}

Result<std::vector<sock_filter>> exported(scmp_filter_ctx context) {
  const mcp::Descriptor file(::memfd_create("filter", MFD_CLOEXEC));
  if (file.get() < 0) return no_filter("written", errno);
  if (const int done = seccomp_export_bpf(context, file.get()); done < 0) return no_filter("written", -done);
  const auto size = ::lseek(file.get(), 0, SEEK_END);
  if (size <= 0) return no_filter("read", errno);
  std::vector<sock_filter> filter(static_cast<std::size_t>(size) / sizeof(sock_filter));
  if (::pread(file.get(), filter.data(), static_cast<std::size_t>(size), 0) != size)
    return no_filter("read", errno);
  return filter;
}

}  // namespace

Result<std::vector<sock_filter>> make_filter(const FilterOptions& options) {
  const Context context(seccomp_init(SCMP_ACT_ALLOW), &seccomp_release);
  if (!context) return no_filter("made", ENOMEM);
  Rules rules(context.get());
  for (const auto name : kDenied) rules.deny(name, EPERM);
  for (const auto name : kNotThere) rules.deny(name, ENOSYS);
  deny_set_id(rules);
  deny_sockets(rules, options);
  deny_more(rules);
  if (rules.failure() != 0) return no_filter("made", -rules.failure());
  ASSIGN_OR_RETURN(auto filter, exported(context.get()));

  // In front: what is newer than the list above is not there. On other machines the numbers are the same.
  const std::array<sock_filter, 3> newer = {
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0 /* seccomp_data::nr */),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kUnknownFrom, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS)};
  filter.insert(filter.begin(), newer.begin(), newer.end());
  return filter;
}

}  // namespace remit::sandbox
