// The body of a message, taken out of its framing (RFC 9112 §6 and §7.1), strictly: chunk sizes are hex
// digits alone, every line ends in CRLF, and extensions and trailers are bounded together, read and dropped.
//
// Own code because Beast 1.81 asserts on a last chunk that comes in pieces ("0\r\n", then one byte more): any
// client could end the process. Private to this module.

#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "http/parser.h"

namespace remit::http {

class BodyDecoder {
 public:
  void start_none() { state_ = State::kDone; }
  void start_length(std::uint64_t length);
  void start_chunked() { state_ = State::kChunkLine; }
  void start_to_end_of_input() { state_ = State::kToEnd; }
  void end_of_input();  // ends a body of that kind; any other stays undone

  // Appends content to `body` and gives how many bytes were consumed: all, unless a line is not yet complete
  // or the body has ended.
  std::expected<std::size_t, ParseFailure> feed(std::string_view bytes, const ParseLimits& limits,
                                                std::string& body);

  bool done() const { return state_ == State::kDone; }
  // What is still to come of a body of known length.
  std::optional<std::uint64_t> left() const {
    if (state_ == State::kLength) return left_;
    return done() ? std::optional<std::uint64_t>(0) : std::nullopt;
  }

 private:
  enum class State { kLength, kToEnd, kChunkLine, kChunkData, kChunkEnd, kTrailers, kDone };

  std::expected<void, ParseFailure> take_line(std::string_view line, const ParseLimits& limits);

  State state_ = State::kDone;
  std::uint64_t left_ = 0;  // of a length or of a chunk
  std::uint64_t body_bytes_ = 0;
  std::size_t dropped_bytes_ = 0;
};

}  // namespace remit::http
