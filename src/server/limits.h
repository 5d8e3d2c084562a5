// Limits: every bound on what others may make Remit hold or do, each a key of the configuration's [limits].
//
// One row of kLimits is all that a new limit needs: the file is read by it, GET /v1/status and `remit status`
// tell it, and the part that keeps it reads it by its name. A name that no row has, or one of another unit,
// does not compile:
//
//   options.max_connections = config.limits.count("connections");
//   options.header_timeout = config.limits.time("header_seconds");
//   options.max_body_bytes = config.limits.bytes("body_kib");
//
// Thread-safety: a value.

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace remit::server {

enum class Unit { kCount, kBytes, kKib, kMib, kMilliseconds, kSeconds };

std::string_view to_string(Unit unit);  // "", "bytes", "KiB", "MiB", "ms", "s"

struct Limit {
  std::string_view name;  // as in the file
  Unit unit = Unit::kCount;
  std::int64_t standard = 0;  // where the file says nothing
  std::int64_t least = 1;
  std::int64_t most = 0;
  std::string_view bounds;  // what, in words that `remit status` shows
};

// clang-format off
inline constexpr Limit kLimits[] = {
    // Connections of agents and of strangers.
    {"connections", Unit::kCount, 4096, 16, 1'000'000, "connections at once; fewer where descriptors are few"},
    {"connections_per_peer", Unit::kCount, 2048, 16, 1'000'000, "of one address; a proxy is one"},
    {"reserved_descriptors", Unit::kCount, 128, 64, 100'000, "kept for the command socket, the store and the log"},
    {"first_byte_seconds", Unit::kSeconds, 5, 1, 600, "from a new connection to its first byte"},
    {"header_kib", Unit::kKib, 32, 8, 1024, "a request's line and fields together"},
    {"header_fields", Unit::kCount, 128, 16, 4096, "a request's fields"},
    {"header_seconds", Unit::kSeconds, 10, 1, 600, "from a request's first byte to the end of its header"},
    {"body_seconds", Unit::kSeconds, 30, 1, 3600, "from there to the end of its body"},
    {"body_bytes_per_second", Unit::kCount, 1024, 0, 1 << 30, "a body that comes slower is not waited for"},
    {"idle_seconds", Unit::kSeconds, 75, 1, 86'400, "between two requests of a connection"},
    {"write_seconds", Unit::kSeconds, 30, 1, 3600, "until a client has taken an answer, or a batch of events"},
    // Bodies and messages.
    {"bodies_mib", Unit::kMib, 256, 8, 1 << 20, "bodies of all requests that are being read or answered"},
    {"stranger_bodies_mib", Unit::kMib, 16, 1, 1 << 20, "of these, by who has not proved who they are"},
    {"caller_bodies_mib", Unit::kMib, 64, 4, 1 << 20, "of these, by one deployment"},
    {"token_body_kib", Unit::kKib, 64, 8, 1024, "one request for a token"},
    {"mcp_body_kib", Unit::kKib, 4096, 64, 1 << 20, "one message of an agent"},
    {"dropped_body_mib", Unit::kMib, 64, 1, 1024, "of a message over that, what is read on so that it can be answered"},
    {"batch_messages", Unit::kCount, 64, 1, 10'000, "messages of one batch (2025-03-26)"},
    {"stream_keep_alive_seconds", Unit::kSeconds, 15, 1, 3600, "silence on an event stream until it gets a comment"},
    {"message_members", Unit::kCount, 10'000, 100, 10'000'000, "members of one object in an agent's message"},
    {"message_values", Unit::kCount, 100'000, 1000, 100'000'000, "values in an agent's message, at any depth"},
    {"parse_beside_kib", Unit::kKib, 64, 1, 1 << 20, "larger messages are read beside the loops"},
    {"stream_kib", Unit::kKib, 1024, 64, 1 << 20, "events that wait for a slow reader, per stream"},
    // Sessions and calls.
    {"upstream_connections", Unit::kCount, 4096, 16, 1'000'000, "connections to destinations; fewer where descriptors are few"},
    {"sessions_per_deployment", Unit::kCount, 256, 1, 1'000'000, "sessions of one deployment"},
    {"sessions", Unit::kCount, 16'384, 1, 10'000'000, "sessions in all"},
    {"idle_session_seconds", Unit::kSeconds, 86'400, 60, 31'536'000, "until a session that nobody uses ends"},
    {"children_per_deployment", Unit::kCount, 16, 1, 100'000, "programs as destinations of one deployment"},
    {"children", Unit::kCount, 64, 1, 100'000, "programs as destinations in all; some 70 MB each"},
    {"relayed_connections", Unit::kCount, 1024, 0, 100'000, "connections of programs to single hosts; fewer where descriptors are few"},
    {"relayed_connections_per_child", Unit::kCount, 64, 1, 10'000, "of these, by one program"},
    {"idle_child_seconds", Unit::kSeconds, 600, 5, 31'536'000, "until a destination that nobody calls is left"},
    {"requests_per_deployment", Unit::kCount, 1024, 1, 1'000'000, "requests and streams of one deployment"},
    {"calls_per_deployment", Unit::kCount, 128, 1, 1'000'000, "calls of one deployment that are under way"},
    {"calls_per_session", Unit::kCount, 64, 1, 100'000, "calls under way in one session"},
    // How far ahead an agent's end date may lie.
    {"sandbox_days", Unit::kCount, 90, 1, 3650, "days that an agent may be approved for in sandbox"},
    {"pilot_days", Unit::kCount, 180, 1, 3650, "the same in pilot"},
    {"production_days", Unit::kCount, 365, 1, 3650, "the same in production"},
    // Destinations.
    {"upstream_answer_mib", Unit::kMib, 8, 1, 256, "one message of a destination without a limit of its own"},
    {"upstream_answer_ceiling_seconds", Unit::kSeconds, 3600, 1, 86'400, "a call, whatever progress its destination tells"},
    {"upstream_pages", Unit::kCount, 1000, 1, 100'000, "pages of one list of tools"},
    {"listing_seconds", Unit::kSeconds, 60, 1, 3600, "age of what a destination is known to offer"},
    // The server's log.
    {"log_lines", Unit::kCount, 100, 1, 1'000'000, "lines of one kind in ten seconds; the rest are counted"},
    {"log_line_bytes", Unit::kBytes, 2048, 256, 1 << 20, "one line's message"},
};
// clang-format on

class Limits {
 public:
  // A limit's name, looked up by the compiler; `kMeasures` says whether its unit fits how it is read.
  template <bool (*kMeasures)(Unit)>
  struct Name {
    consteval Name(const char* name) : index(index_of(name)) {  // NOLINT(google-explicit-constructor)
      if (!kMeasures(kLimits[index].unit)) throw "this limit is measured in another unit";
    }
    std::size_t index;
  };
  static constexpr bool counts(Unit unit) { return unit == Unit::kCount; }
  static constexpr bool sizes(Unit unit) {
    return unit == Unit::kBytes || unit == Unit::kKib || unit == Unit::kMib;
  }
  static constexpr bool times(Unit unit) { return unit == Unit::kMilliseconds || unit == Unit::kSeconds; }

  std::size_t count(Name<counts> limit) const { return static_cast<std::size_t>(values_[limit.index]); }
  std::size_t bytes(Name<sizes> limit) const;
  std::chrono::milliseconds time(Name<times> limit) const;

  // By the position in kLimits, in the limit's own unit: for who reads and tells all of them.
  std::int64_t value(std::size_t index) const { return values_[index]; }
  void set(std::size_t index, std::int64_t value) { values_[index] = value; }
  // For who finds that there is less than was allowed.
  void lower(Name<counts> limit, std::size_t to);

 private:
  static consteval std::size_t index_of(std::string_view name) {
    for (std::size_t i = 0; i < std::size(kLimits); ++i)
      if (kLimits[i].name == name) return i;
    throw "there is no such limit";
  }
  using Values = std::array<std::int64_t, std::size(kLimits)>;
  static constexpr Values standards() {
    Values values{};
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = kLimits[i].standard;
    return values;
  }

  Values values_ = standards();
};

}  // namespace remit::server
