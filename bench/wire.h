// The little of HTTP/1.1 that the benchmark's own programs speak: whole messages with a Content-Length, and
// chunked answers. It reads what a correct peer on loopback sends and is no rival to src/http: what is
// measured is the program between the two, so both ends must cost as little as they can.
//
// Thread-safety: functions of their arguments.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace remit::bench {

struct Message {
  std::string_view start_line;
  std::string_view fields;  // the lines between the start line and the empty line
  std::string_view body;    // of a chunked message: in the `joined` that was given
  std::size_t bytes = 0;    // how much of the input it took
};

// The first whole message of `input`; nothing while more has to come. `joined` keeps the body of a chunked
// message until the next call. Throws std::runtime_error on what cannot be a message.
std::optional<Message> read_message(std::string_view input, std::string& joined);

// The value of a field, without the spaces around it; nothing where there is none. Names in any case.
std::optional<std::string_view> field(const Message& message, std::string_view name);

// Of an answer's start line ("HTTP/1.1 200 OK").
int status_of(const Message& message);

// "127.0.0.1:8080" as an IPv4 address and port. Throws std::runtime_error.
struct Address {
  std::uint32_t ip = 0;  // network order
  std::uint16_t port = 0;
};
Address parse_address(std::string_view text);

// A non-blocking socket with TCP_NODELAY. Throws std::system_error.
int listen_on(const Address& address);
int connect_to(const Address& address);
std::uint16_t port_of(int socket);
void set_no_delay(int socket);

std::uint64_t now_ns();  // CLOCK_MONOTONIC, the same for every process of the machine

}  // namespace remit::bench
