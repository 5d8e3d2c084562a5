#include "arrival.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <system_error>

#include "wire.h"

namespace remit::bench {
namespace {

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// The kernel's notes are of CLOCK_REALTIME.
std::uint64_t to_monotonic(const timespec& noted) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now_ns() - static_cast<std::uint64_t>(nanoseconds(now) - nanoseconds(noted));
}

}  // namespace

void stamp_arrivals(int socket) {
  const int on = 1;
  if (::setsockopt(socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0)
    throw std::system_error(errno, std::generic_category(), "SO_TIMESTAMPNS");
}

ssize_t receive_stamped(int socket, std::span<char> buffer, std::uint64_t& arrived_at) {
  iovec into{.iov_base = buffer.data(), .iov_len = buffer.size()};
  alignas(cmsghdr) char notes[CMSG_SPACE(sizeof(timespec))];
  msghdr message{};
  message.msg_iov = &into;
  message.msg_iovlen = 1;
  message.msg_control = notes;
  message.msg_controllen = sizeof(notes);
  const auto got = ::recvmsg(socket, &message, 0);
  if (got <= 0) return got;
  arrived_at = now_ns();
  for (auto* note = CMSG_FIRSTHDR(&message); note != nullptr; note = CMSG_NXTHDR(&message, note)) {
    if (note->cmsg_level != SOL_SOCKET || note->cmsg_type != SO_TIMESTAMPNS) continue;
    timespec noted{};
    std::memcpy(&noted, CMSG_DATA(note), sizeof(noted));
    arrived_at = to_monotonic(noted);
  }
  return got;
}

}  // namespace remit::bench
