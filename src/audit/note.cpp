#include "audit/note.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/sha256.h"
#include "base/utf8.h"

namespace remit::audit {
namespace {

constexpr std::string_view kDash = "\u2014 ";
constexpr std::string_view kPrivate = "PRIVATE+KEY+";

std::unexpected<Error> bad_note(std::string why) {
  return fail(ErrorKind::kInvalid, "RMT-A001", std::move(why));
}
std::unexpected<Error> bad_key(std::string why) {
  return fail(ErrorKind::kInvalid, "RMT-A002", std::move(why));
}
std::unexpected<Error> untrusted(std::string why) {
  return fail(ErrorKind::kForbidden, "RMT-A003", std::move(why));
}

// Unicode White_Space.
bool is_space(char32_t c) {
  return c == 0x20 || (c >= 0x09 && c <= 0x0d) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

// UTF-8 without ASCII control characters other than newline.
bool is_note_text(std::string_view text) {
  while (!text.empty()) {
    const char32_t c = take_code_point(text);
    if (c == kNotUtf8 || (c < 0x20 && c != '\n')) return false;
  }
  return true;
}

std::uint32_t big_endian_32(BytesView bytes) {
  return (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) | (std::uint32_t{bytes[2]} << 8) |
         bytes[3];
}

std::array<std::uint8_t, 4> bytes_of(std::uint32_t id) {
  return {static_cast<std::uint8_t>(id >> 24), static_cast<std::uint8_t>(id >> 16),
          static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id)};
}

std::uint32_t key_id(std::string_view name, SignatureType type, const Ed25519Key& key) {
  std::string input(name);
  input += '\n';
  input += static_cast<char>(type);
  input += as_text(key);
  return big_endian_32(sha256(input).bytes);
}

Bytes typed(SignatureType type, BytesView key) {
  Bytes out{static_cast<std::uint8_t>(type)};
  out.insert(out.end(), key.begin(), key.end());
  return out;
}

// What vkeys and skeys share: a name, an id, and a typed key of 32 bytes.
struct KeyText {
  std::string_view name;
  std::uint32_t id;
  std::uint8_t type;
  Ed25519Key key;
};

Result<KeyText> parse_key_text(std::string_view text) {
  const auto first = text.find('+');
  const auto second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) return bad_key("a key has the form name+id+key");
  KeyText parsed{.name = text.substr(0, first), .id = 0, .type = 0, .key = {}};
  if (!is_key_name(parsed.name)) return bad_key("the key's name is empty or holds a space");
  const auto id = from_hex(text.substr(first + 1, second - first - 1));
  // The id in lower case only: one key has one text.
  if (!id || id->size() != 4 || to_hex(*id) != text.substr(first + 1, second - first - 1))
    return bad_key("the key's id is not eight lower-case hex digits");
  parsed.id = big_endian_32(*id);
  const auto key = from_base64(text.substr(second + 1));
  if (!key || key->empty()) return bad_key("the key is not in base64");
  parsed.type = key->front();
  if (parsed.type != static_cast<std::uint8_t>(SignatureType::kEd25519) &&
      parsed.type != static_cast<std::uint8_t>(SignatureType::kEd25519Cosignature))
    return bad_key("keys of signature type " + std::to_string(parsed.type) + " are not known here");
  if (key->size() != 33) return bad_key("an Ed25519 key has 32 bytes");
  std::copy(key->begin() + 1, key->end(), parsed.key.begin());
  return parsed;
}

// Whether `signature` is by `key` over `text`.
Result<Signer> verify_signature(const VerifierKey& key, std::string_view text, BytesView signature) {
  Signer signer{.key = key, .time = {}};
  bool good = false;
  if (key.type == SignatureType::kEd25519) {
    good = ed25519_verify(key.key, as_bytes(text), signature);
  } else if (signature.size() == 8 + 64) {
    const std::uint64_t time =
        (std::uint64_t{big_endian_32(signature)} << 32) | big_endian_32(signature.subspan(4));
    const std::string message = "cosignature/v1\ntime " + std::to_string(time) + "\n" + std::string(text);
    signer.time = time;
    good = time >> 63 == 0 && ed25519_verify(key.key, as_bytes(message), signature.subspan(8));
  }
  if (!good) return untrusted("the signature of `" + key.name + "` is not good");
  return signer;
}

Result<NoteSignature> parse_signature(std::string_view line) {
  if (!line.starts_with(kDash)) return bad_note("a signature line does not begin with a dash and a space");
  line.remove_prefix(kDash.size());
  const auto space = line.find(' ');
  if (space == std::string_view::npos || !is_key_name(line.substr(0, space)))
    return bad_note("a signature line does not name a key");
  const auto bytes = from_base64(line.substr(space + 1));
  if (!bytes || bytes->size() < 5) return bad_note("a signature is not in base64, or too short");
  return NoteSignature{.name = std::string(line.substr(0, space)),
                       .id = big_endian_32(*bytes),
                       .bytes = Bytes(bytes->begin() + 4, bytes->end())};
}

}  // namespace

bool is_key_name(std::string_view name) {
  if (name.empty()) return false;
  while (!name.empty()) {
    const char32_t c = take_code_point(name);
    if (c == kNotUtf8 || c < 0x20 || c == '+' || is_space(c)) return false;
  }
  return true;
}

Result<VerifierKey> VerifierKey::parse(std::string_view text) {
  ASSIGN_OR_RETURN(const auto parsed, parse_key_text(text));
  VerifierKey key{.name = std::string(parsed.name),
                  .id = parsed.id,
                  .type = static_cast<SignatureType>(parsed.type),
                  .key = parsed.key};
  if (key_id(key.name, key.type, key.key) != key.id) return bad_key("the key's id is not that of the key");
  return key;
}

std::string VerifierKey::text() const {
  return name + "+" + to_hex(bytes_of(id)) + "+" + to_base64(typed(type, key));
}

Result<SigningKey> SigningKey::make(std::string_view name, Random& random) {
  if (!is_key_name(name)) return bad_key("the key's name is empty or holds a space or a plus sign");
  Ed25519Key seed{};
  random.fill(seed);
  VerifierKey verifier{.name = std::string(name), .key = ed25519_public_key(seed)};
  verifier.id = key_id(verifier.name, verifier.type, verifier.key);
  return SigningKey(std::move(verifier), Secret(std::string(as_text(seed))));
}

Result<SigningKey> SigningKey::parse(const Secret& text) {
  std::string_view rest = text.reveal();
  if (!rest.starts_with(kPrivate)) return bad_key("a private key begins with PRIVATE+KEY+");
  rest.remove_prefix(kPrivate.size());
  ASSIGN_OR_RETURN(const auto parsed, parse_key_text(rest));
  if (parsed.type != static_cast<std::uint8_t>(SignatureType::kEd25519))
    return bad_key("a log signs with keys of type 1");
  VerifierKey verifier{
      .name = std::string(parsed.name), .id = parsed.id, .key = ed25519_public_key(parsed.key)};
  if (key_id(verifier.name, verifier.type, verifier.key) != verifier.id)
    return bad_key("the key's id is not that of the key");
  return SigningKey(std::move(verifier), Secret(std::string(as_text(parsed.key))));
}

Secret SigningKey::text() const {
  return Secret(std::string(kPrivate) + verifier_.name + "+" + to_hex(bytes_of(verifier_.id)) + "+" +
                to_base64(typed(verifier_.type, as_bytes(seed_.reveal()))));
}

Result<std::string> SigningKey::sign(std::string_view text) const {
  if (!text.ends_with('\n') || !is_note_text(text))
    return bad_note("the text of a note ends in a newline and holds no control character");
  Ed25519Key seed{};
  std::ranges::copy(as_bytes(seed_.reveal()), seed.begin());
  const auto signature = ed25519_sign(seed, as_bytes(text));
  const auto id = bytes_of(verifier_.id);
  Bytes bytes(id.begin(), id.end());
  bytes.insert(bytes.end(), signature.begin(), signature.end());
  return std::string(text) + "\n" + std::string(kDash) + verifier_.name + " " + to_base64(bytes) + "\n";
}

Result<Note> parse_note(std::string_view text) {
  if (text.size() > kMaxNoteBytes) return fail(ErrorKind::kTooLarge, "RMT-A001", "the note is too large");
  if (!is_note_text(text)) return bad_note("the note is not UTF-8, or holds a control character");
  const auto blank = text.rfind("\n\n");
  if (blank == std::string_view::npos) return bad_note("no empty line divides text and signatures");
  Note note{.text = std::string(text.substr(0, blank + 1)), .signatures = {}};
  std::string_view lines = text.substr(blank + 2);
  if (lines.empty()) return bad_note("the note is not signed");
  while (!lines.empty()) {
    const auto end = lines.find('\n');
    if (end == std::string_view::npos) return bad_note("the note does not end in a newline");
    if (note.signatures.size() == kMaxNoteSignatures)
      return fail(ErrorKind::kTooLarge, "RMT-A001", "the note has too many signatures");
    ASSIGN_OR_RETURN(auto signature, parse_signature(lines.substr(0, end)));
    note.signatures.push_back(std::move(signature));
    lines.remove_prefix(end + 1);
  }
  return note;
}

Result<VerifiedNote> verify_note(std::string_view text, std::span<const VerifierKey> trusted) {
  ASSIGN_OR_RETURN(auto note, parse_note(text));
  VerifiedNote verified{.text = std::move(note.text), .signers = {}};
  for (const auto& signature : note.signatures) {
    const auto key = std::ranges::find_if(trusted, [&](const VerifierKey& one) {
      return one.name == signature.name && one.id == signature.id;
    });
    if (key == trusted.end()) continue;
    ASSIGN_OR_RETURN(auto signer, verify_signature(*key, verified.text, signature.bytes));
    const bool known = std::ranges::any_of(verified.signers, [&](const Signer& s) { return s.key == *key; });
    if (!known) verified.signers.push_back(std::move(signer));
  }
  if (verified.signers.empty()) return untrusted("the note has no signature of a trusted key");
  return verified;
}

}  // namespace remit::audit
