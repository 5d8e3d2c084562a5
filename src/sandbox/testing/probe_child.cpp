// A small program for the tests of the sandbox: does what its first argument says and tells on stdout how
// that went, a word a line: "ok", or the name of the error.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>

namespace {

int told(bool done) {
  std::cout << (done ? "ok" : strerrorname_np(errno)) << std::endl;
  return 0;
}

int connect_to(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return told(false);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return told(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
}

// Connects and reads the five bytes that the tests' host says first.
int reach(const char* host, const char* port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int why = getaddrinfo(host, port, &hints, &found); why != 0) {
    std::cout << (why == EAI_NONAME ? "EAI_NONAME" : gai_strerror(why)) << std::endl;
    return 0;
  }
  const int fd = socket(found->ai_family, SOCK_STREAM, 0);
  char hello[5];
  const bool reached = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0 &&
                       recv(fd, hello, sizeof hello, MSG_WAITALL) == sizeof hello;
  freeaddrinfo(found);
  return told(reached);
}

int connect_local(const std::string& path, bool abstract) {
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) return told(false);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path + (abstract ? 1 : 0), path.data(), path.size());
  const auto size = offsetof(sockaddr_un, sun_path) + path.size() + 1;
  return told(connect(fd, reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(size)) == 0);
}

int write_bytes(const char* path, std::size_t count) {
  signal(SIGXFSZ, SIG_IGN);
  const int fd = open(path, O_WRONLY | O_CREAT, 0600);
  if (fd < 0) return told(false);
  const std::string block(std::size_t{1} << 20U, 'x');
  for (std::size_t done = 0; done < count;) {
    const auto written = write(fd, block.data(), std::min(block.size(), count - done));
    if (written < 0) return told(false);
    done += static_cast<std::size_t>(written);
  }
  return told(true);
}

// How many processes it could start, at most `wanted`.
int fork_up_to(int wanted) {
  int count = 0;
  for (; count < wanted; ++count) {
    const pid_t pid = fork();
    if (pid < 0) break;
    if (pid == 0) pause();
  }
  std::cout << count << std::endl;
  signal(SIGTERM, SIG_IGN);
  kill(0, SIGTERM);  // the others
  _exit(0);
}

int call(const std::string& name) {
  if (name == "unshare") return told(syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */) == 0);
  if (name == "clone-user") {
    const auto pid = syscall(SYS_clone, 0x10000000 | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
    if (pid == 0) _exit(0);
    return told(pid > 0);
  }
  if (name == "clone3") return told(syscall(SYS_clone3, nullptr, 0) == 0);
  if (name == "mount") return told(syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, nullptr) == 0);
  if (name == "keyctl") return told(syscall(SYS_keyctl, 0, -3, 0) >= 0);
  if (name == "bpf") return told(syscall(SYS_bpf, 0, nullptr, 0) >= 0);
  if (name == "io_uring") return told(syscall(SYS_io_uring_setup, 1, nullptr) >= 0);
  if (name == "userfaultfd") return told(syscall(SYS_userfaultfd, 0) >= 0);
  if (name == "perf") return told(syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0) >= 0);
  if (name == "newer") return told(syscall(452, AT_FDCWD, "/tmp", 04755, 0) == 0);
  if (name == "ptrace") return told(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0);
  if (name == "vsock") return told(socket(AF_VSOCK, SOCK_STREAM, 0) >= 0);
  if (name == "packet") return told(socket(AF_PACKET, SOCK_RAW, 0) >= 0);
  if (name == "netlink-events") return told(socket(AF_NETLINK, SOCK_RAW, 15) >= 0);
  if (name == "wide-family") return told(syscall(SYS_socket, 0x100000000L | AF_VSOCK, SOCK_STREAM, 0) >= 0);
  if (name == "pair") {
    int fds[2];
    return told(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
  }
  if (name == "setuid-file") {
    const int fd = open("here", O_WRONLY | O_CREAT, 0700);
    return told(fd >= 0 && fchmod(fd, 04755) == 0);
  }
  if (name == "setuid-create") return told(open("there", O_WRONLY | O_CREAT, 04700) >= 0);
  if (name == "chmod") return told(open("mine", O_WRONLY | O_CREAT, 0600) >= 0 && chmod("mine", 0755) == 0);
  return 64;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const char* what = argc > 2 ? argv[2] : "";
  if (mode == "call") return call(what);
  if (mode == "read") return told(open(what, O_RDONLY) >= 0);
  if (mode == "write") return told(open(what, O_WRONLY | O_CREAT, 0644) >= 0);
  if (mode == "link") {
    if (symlink("/etc/shadow", what) != 0) return told(false);
    return told(open(what, O_RDONLY) >= 0);
  }
  if (mode == "connect") return connect_to(std::atoi(what));
  if (mode == "reach") return reach(what, argv[3]);
  if (mode == "connect-local") return connect_local(what, false);
  if (mode == "connect-abstract") return connect_local(what, true);
  if (mode == "signal") return told(kill(std::atoi(what), 0) == 0);
  if (mode == "fill") return write_bytes(what, std::strtoull(argv[3], nullptr, 10));
  if (mode == "fork") return fork_up_to(std::atoi(what));
  if (mode == "allocate") {
    const auto size = std::strtoull(what, nullptr, 10);
    auto* memory = static_cast<volatile char*>(std::malloc(size));
    errno = ENOMEM;
    for (std::size_t at = 0; memory != nullptr && at < size; at += 4096) memory[at] = 1;
    return told(memory != nullptr);
  }
  if (mode == "exit") return std::atoi(what);
  return 64;
}
