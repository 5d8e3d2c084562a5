#include "http/body_decoder.h"

#include <algorithm>
#include <charconv>

#include "http/parse_failures.h"

namespace remit::http {

void BodyDecoder::start_length(std::uint64_t length) {
  left_ = length;
  state_ = length == 0 ? State::kDone : State::kLength;
}

void BodyDecoder::end_of_input() {
  if (state_ == State::kToEnd) state_ = State::kDone;
}

std::expected<std::size_t, ParseFailure> BodyDecoder::feed(std::string_view bytes, const ParseLimits& limits,
                                                           std::string& body) {
  const auto given = bytes.size();
  while (!bytes.empty() && !done()) {
    if (state_ == State::kLength || state_ == State::kChunkData || state_ == State::kToEnd) {
      const auto piece =
          state_ == State::kToEnd ? bytes : bytes.substr(0, std::min<std::uint64_t>(left_, bytes.size()));
      body_bytes_ += piece.size();
      if (body_bytes_ > limits.body_bytes) return std::unexpected(body_too_large(limits));
      body.append(piece);
      bytes.remove_prefix(piece.size());
      if (state_ == State::kToEnd) continue;
      left_ -= piece.size();
      if (left_ == 0) state_ = state_ == State::kLength ? State::kDone : State::kChunkEnd;
      continue;
    }
    if (state_ == State::kChunkEnd && !std::string_view("\r\n").starts_with(bytes.substr(0, 2)))
      return std::unexpected(malformed("a chunk is longer than its size"));

    const auto newline = bytes.find('\n');
    if (dropped_bytes_ + std::min(newline, bytes.size()) >= limits.header_bytes)
      return std::unexpected(header_too_large(limits));
    if (newline == std::string_view::npos) break;
    auto line = bytes.substr(0, newline);
    if (!line.ends_with('\r'))
      return std::unexpected(malformed("a line of the chunked body does not end in CRLF"));
    line.remove_suffix(1);
    if (line.find_first_of(std::string_view("\r\0", 2)) != std::string_view::npos)
      return std::unexpected(malformed("a CR or NUL inside a line of the chunked body"));
    bytes.remove_prefix(newline + 1);
    if (auto taken = take_line(line, limits); !taken) return std::unexpected(std::move(taken).error());
  }
  return given - bytes.size();
}

std::expected<void, ParseFailure> BodyDecoder::take_line(std::string_view line, const ParseLimits& limits) {
  if (state_ == State::kChunkEnd) {
    state_ = State::kChunkLine;
    return {};
  }
  if (state_ == State::kTrailers) {
    if (line.empty()) {
      state_ = State::kDone;
      return {};
    }
    if (line.find(':') == std::string_view::npos || line.starts_with(':'))
      return std::unexpected(malformed("a trailer is not a field"));
    dropped_bytes_ += line.size();
    return {};
  }
  std::uint64_t size = 0;
  const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  if (error != std::errc{}) return std::unexpected(malformed("a chunk size is not a number"));
  const auto extension = line.substr(static_cast<std::size_t>(rest - line.data()));
  const auto first = extension.find_first_not_of(" \t");
  if (!extension.empty() && (first == std::string_view::npos || extension[first] != ';'))
    return std::unexpected(malformed("something else than an extension behind a chunk size"));
  dropped_bytes_ += extension.size();
  if (size > limits.body_bytes - std::min<std::uint64_t>(body_bytes_, limits.body_bytes))
    return std::unexpected(body_too_large(limits));
  left_ = size;
  state_ = size == 0 ? State::kTrailers : State::kChunkData;
  return {};
}

}  // namespace remit::http
