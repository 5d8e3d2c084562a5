// When bytes arrived at a socket of this machine, as the kernel notes it: later than their sender's write by
// no more than the way through the network stack, and earlier than their reader's read by as long as that had
// to wait for the processor.
//
// Thread-safety: functions of their arguments.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>

namespace remit::bench {

// Has the kernel note arrivals at a socket from now on. Throws std::system_error.
void stamp_arrivals(int socket);

// As recv(2). With bytes comes the time of CLOCK_MONOTONIC, in ns, at which the last of them arrived; where
// the kernel did not note it, that of now.
ssize_t receive_stamped(int socket, std::span<char> buffer, std::uint64_t& arrived_at);

}  // namespace remit::bench
