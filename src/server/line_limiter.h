// LineLimiter: which lines of the server's log are written, so that nobody can fill a disk, or hide one line
// behind a million others, by doing the same thing over and over.
//
// Lines are of one kind when they name the same code ("RMT-G002"), else when they begin alike. Of each kind a
// number is written in each stretch of time; further ones, and ones that only repeat the line before, are
// counted, and the count is told when the stretch is over. Critical lines are always written. What is in the
// audit log is not touched by any of this.
//
// Thread-safety: none.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace remit::server {

class LineLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kStretch{10};

  explicit LineLimiter(std::size_t most) : most_(most) {}  // lines of a kind in a stretch

  // Whether the line is to be written.
  bool passes(std::string_view line, Time now);

  // What was left out in stretches that are over, a line for each kind: "RMT-G002: … and 1,234 more like it".
  std::vector<std::string> left_out(Time now);

 private:
  struct Kind {
    Time since;
    std::size_t written = 0;
    std::uint64_t left_out = 0;
    std::string last;
  };

  const std::size_t most_;
  std::map<std::string, Kind, std::less<>> kinds_;
};

}  // namespace remit::server
