#include "sandbox/declared.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace remit::sandbox {
namespace {

std::unexpected<Error> cannot_declare(std::string_view code, std::string_view path, int error) {
  return fail(ErrorKind::kUnavailable, code == "RMT-M046" ? "RMT-M046" : "RMT-M047",
              fmt::format("`{}`: {}", path, std::generic_category().message(error)));
}

// A process in a new user namespace, which waits until it is killed.
class NamespaceHolder {
 public:
  NamespaceHolder() {
    int ready[2];
    if (::pipe2(ready, O_CLOEXEC) != 0) return;
    const mcp::Descriptor in(ready[0]);
    mcp::Descriptor out(ready[1]);
    pid_ = ::fork();
    if (pid_ == 0) {  // async-signal-safe calls only
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::unshare(CLONE_NEWUSER) != 0 || ::write(out.get(), "1", 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    out = mcp::Descriptor();
    char byte = 0;
    made_ = pid_ > 0 && ::read(in.get(), &byte, 1) == 1;
  }
  ~NamespaceHolder() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  NamespaceHolder(const NamespaceHolder&) = delete;
  NamespaceHolder& operator=(const NamespaceHolder&) = delete;

  bool made() const { return made_; }
  bool write(std::string_view file, const std::string& text) const {
    std::ofstream out(fmt::format("/proc/{}/{}", pid_, file));
    return static_cast<bool>(out << text << std::flush);
  }
  mcp::Descriptor open() const {
    return mcp::Descriptor(::open(fmt::format("/proc/{}/ns/user", pid_).c_str(), O_RDONLY | O_CLOEXEC));
  }

 private:
  pid_t pid_ = -1;
  bool made_ = false;
};

}  // namespace

bool Declared::folder() const { return S_ISDIR(mode); }

bool Declared::readable_by(uid_t account) const {
  const mode_t needed = folder() ? 05 : 04;
  return ((owner == account ? mode >> 6U : mode) & needed) == needed;
}

bool Declared::writable_by(uid_t account) const {
  const mode_t needed = folder() ? 07 : 06;
  return ((owner == account ? mode >> 6U : mode) & needed) == needed;
}

Result<Declared> open_declared(const std::string& path) {
  const open_how how{
      .flags = O_PATH | O_CLOEXEC, .mode = 0, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
  Declared declared{.path = path,
                    .opened = std::make_shared<mcp::Descriptor>(
                        static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)))};
  if (declared.opened->get() < 0) return cannot_declare("RMT-M046", path, errno);
  struct stat status = {};
  if (::fstat(declared.opened->get(), &status) != 0) return cannot_declare("RMT-M046", path, errno);
  declared.owner = status.st_uid;
  declared.group = status.st_gid;
  declared.mode = status.st_mode;
  return declared;
}

Result<std::shared_ptr<const mcp::Descriptor>> mount_as(const Declared& declared, uid_t account) {
  auto tree = std::make_shared<mcp::Descriptor>(static_cast<int>(::syscall(
      SYS_open_tree, declared.opened->get(), "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
  if (tree->get() < 0) return cannot_declare("RMT-M047", declared.path, errno);
  const NamespaceHolder holder;
  if (!holder.made() || !holder.write("uid_map", fmt::format("{} {} 1", declared.owner, account)) ||
      !holder.write("gid_map", fmt::format("{} {} 1", declared.group, account)))
    return cannot_declare("RMT-M047", declared.path, errno);
  const auto users = holder.open();
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<std::uint64_t>(users.get());
  if (users.get() < 0 ||
      ::syscall(SYS_mount_setattr, tree->get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
    return cannot_declare("RMT-M047", declared.path, errno);
  return tree;
}

}  // namespace remit::sandbox
