#include "audit/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace remit::audit {
namespace {

std::unexpected<Error> bad_checkpoint(std::string why) {
  return fail(ErrorKind::kInvalid, "RMT-A004", std::move(why));
}

// Takes a line that ends in a newline and is not empty.
Result<std::string_view> take_line(std::string_view& text, const char* what) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos || end == 0)
    return bad_checkpoint(std::string("the checkpoint's ") + what + " is missing");
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

Result<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  const bool leading_zero = text.size() > 1 && text.front() == '0';
  if (error != std::errc{} || end != text.data() + text.size() || leading_zero)
    return bad_checkpoint("the checkpoint's size is not a number");
  if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return bad_checkpoint("the checkpoint's size is out of range");
  return size;
}

}  // namespace

Result<Checkpoint> Checkpoint::parse(std::string_view text) {
  Checkpoint checkpoint;
  ASSIGN_OR_RETURN(const auto origin, take_line(text, "origin"));
  ASSIGN_OR_RETURN(const auto size, take_line(text, "size"));
  ASSIGN_OR_RETURN(const auto root, take_line(text, "root hash"));
  checkpoint.origin = origin;
  ASSIGN_OR_RETURN(checkpoint.head.size, parse_size(size));
  const auto bytes = from_base64(root);
  if (!bytes || bytes->size() != checkpoint.head.root.bytes.size())
    return bad_checkpoint("the checkpoint's root hash is not 32 bytes in base64");
  std::ranges::copy(*bytes, checkpoint.head.root.bytes.begin());
  while (!text.empty()) {
    ASSIGN_OR_RETURN(const auto extension, take_line(text, "extension line"));
    checkpoint.extensions.emplace_back(extension);
  }
  return checkpoint;
}

std::string Checkpoint::text() const {
  std::string text = origin + "\n" + std::to_string(head.size) + "\n" + to_base64(head.root.bytes) + "\n";
  for (const auto& line : extensions) text += line + "\n";
  return text;
}

Result<SignedCheckpoint> verify_checkpoint(std::string_view note, const VerifierKey& log,
                                           std::span<const VerifierKey> witnesses) {
  std::vector<VerifierKey> trusted{log};
  trusted.insert(trusted.end(), witnesses.begin(), witnesses.end());
  ASSIGN_OR_RETURN(auto verified, verify_note(note, trusted));
  const bool by_the_log = std::ranges::any_of(verified.signers, [&](const auto& s) { return s.key == log; });
  if (!by_the_log)
    return fail(ErrorKind::kForbidden, "RMT-A003", "the checkpoint is not signed by `" + log.name + "`");
  ASSIGN_OR_RETURN(auto checkpoint, Checkpoint::parse(verified.text));
  if (checkpoint.origin != log.name)
    return fail(ErrorKind::kForbidden, "RMT-A003",
                "the checkpoint is of the log `" + checkpoint.origin + "`, not of `" + log.name + "`");
  return SignedCheckpoint{.checkpoint = std::move(checkpoint), .signers = std::move(verified.signers)};
}

}  // namespace remit::audit
