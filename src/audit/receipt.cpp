#include "audit/receipt.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace remit::audit {
namespace {

constexpr std::string_view kFirstLine = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";
constexpr std::size_t kMaxHashes = 63;  // of a tree whose entries are numbered below 2^63

std::unexpected<Error> malformed(std::string_view why) {
  return fail(ErrorKind::kInvalid, "RMT-A017", "this is no receipt: " + std::string(why));
}

// Takes a line, without its newline; none where no newline comes.
std::optional<std::string_view> next_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

Result<std::uint64_t> parse_index(std::string_view text) {
  std::uint64_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc{} || end != text.data() + text.size() || (text.size() > 1 && text.front() == '0') ||
      index > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return malformed("its index is not a number");
  return index;
}

Result<Digest> parse_hash(std::string_view line) {
  const auto bytes = from_base64(line);
  Digest hash;
  if (!bytes || bytes->size() != hash.bytes.size()) return malformed("a hash is not 32 bytes in base64");
  std::ranges::copy(*bytes, hash.bytes.begin());
  return hash;
}

}  // namespace

Result<Receipt> Receipt::parse(std::string_view text) {
  Receipt receipt;
  if (next_line(text) != kFirstLine)
    return malformed("its first line is not `" + std::string(kFirstLine) + "`");
  auto line = next_line(text);
  if (line && line->starts_with(kExtra)) {
    auto extra = from_base64(line->substr(kExtra.size()));
    if (!extra) return malformed("its extra data is not base64");
    receipt.extra = std::move(*extra);
    line = next_line(text);
  }
  if (!line || !line->starts_with(kIndex)) return malformed("its index is missing");
  ASSIGN_OR_RETURN(receipt.index, parse_index(line->substr(kIndex.size())));
  for (line = next_line(text); line && !line->empty(); line = next_line(text)) {
    if (receipt.proof.size() == kMaxHashes) return malformed("its proof is too long");
    ASSIGN_OR_RETURN(const auto hash, parse_hash(*line));
    receipt.proof.push_back(hash);
  }
  if (!line || text.empty()) return malformed("its checkpoint is missing");
  receipt.checkpoint = text;
  return receipt;
}

std::string Receipt::text() const {
  std::string text(kFirstLine);
  text += '\n';
  if (extra) text += std::string(kExtra) + to_base64(*extra) + "\n";
  text += std::string(kIndex) + std::to_string(index) + "\n";
  for (const auto& hash : proof) text += to_base64(hash.bytes) + "\n";
  return text + "\n" + checkpoint;
}

Result<Receipt> make_receipt(ProvenLog& log, std::uint64_t index) {
  Receipt receipt{.extra = {}, .index = index, .proof = {}, .checkpoint = log.note()};
  ASSIGN_OR_RETURN(const auto entry, log.entry(index));
  const auto bytes = as_bytes(entry);
  receipt.extra.emplace(bytes.begin(), bytes.end());
  ASSIGN_OR_RETURN(receipt.proof, log.inclusion(index));
  TRY(verify_inclusion(index, leaf_hash(*receipt.extra), log.checkpoint().head, receipt.proof));
  return receipt;
}

Result<SignedCheckpoint> verify_receipt(const Receipt& receipt, BytesView entry, const VerifierKey& key,
                                        std::span<const VerifierKey> witnesses) {
  ASSIGN_OR_RETURN(auto checkpoint, verify_checkpoint(receipt.checkpoint, key, witnesses));
  TRY(verify_inclusion(receipt.index, leaf_hash(entry), checkpoint.checkpoint.head, receipt.proof));
  return checkpoint;
}

}  // namespace remit::audit
