// Signed notes: text with the signatures of one or more keys (C2SP signed-note 1.0.0).
//
// Signature types known here: 0x01 (Ed25519) and 0x04 (Ed25519 cosignature with a time, C2SP
// tlog-cosignature). Signatures of other types and of unknown keys are ignored, as the specification demands.
//
// Thread-safety: values and pure functions.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/ed25519.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace remit::audit {

enum class SignatureType : std::uint8_t { kEd25519 = 0x01, kEd25519Cosignature = 0x04 };

// A key that is trusted: "<name>+<key id in hex>+<base64 of type and key>".
struct VerifierKey {
  std::string name;
  std::uint32_t id = 0;
  SignatureType type = SignatureType::kEd25519;
  Ed25519Key key{};

  // Errors: kInvalid RMT-A002 (malformed, the id is not that of the key, or a type that is not known here).
  static Result<VerifierKey> parse(std::string_view text);
  std::string text() const;
  bool operator==(const VerifierKey&) const = default;
};

// A key that signs with type 0x01: "PRIVATE+KEY+<name>+<key id in hex>+<base64 of type and seed>".
class SigningKey {
 public:
  // Errors: kInvalid RMT-A002 (the name holds a space or '+', or is empty).
  static Result<SigningKey> make(std::string_view name, Random& random);
  static Result<SigningKey> parse(const Secret& text);  // errors: kInvalid RMT-A002
  Secret text() const;
  const VerifierKey& verifier() const { return verifier_; }

  // The signed note over `text`, which ends in a newline. Errors: kInvalid RMT-A001 (not a note's text).
  Result<std::string> sign(std::string_view text) const;

 private:
  SigningKey(VerifierKey verifier, Secret seed) : verifier_(std::move(verifier)), seed_(std::move(seed)) {}
  VerifierKey verifier_;
  Secret seed_;  // 32 bytes
};

struct NoteSignature {
  std::string name;
  std::uint32_t id = 0;
  Bytes bytes;
};

// A note that was read and not judged: nothing of it may be relied on.
struct Note {
  std::string text;  // with its final newline
  std::vector<NoteSignature> signatures;
};

inline constexpr std::size_t kMaxNoteBytes = 1 << 20;
inline constexpr std::size_t kMaxNoteSignatures = 100;  // the specification asks for 16 at least

// Errors: kInvalid RMT-A001, kTooLarge RMT-A001.
Result<Note> parse_note(std::string_view text);

// A trusted key whose signature was verified.
struct Signer {
  VerifierKey key;
  std::optional<std::uint64_t> time;  // seconds since 1970, by a cosigner's clock
};

struct VerifiedNote {
  std::string text;
  std::vector<Signer> signers;  // one or more, each key once
};

// Verifies every signature by a trusted key. Errors: those of parse_note; kForbidden RMT-A003 (no signature
// of a trusted key, or one that is bad).
Result<VerifiedNote> verify_note(std::string_view text, std::span<const VerifierKey> trusted);

// Whether a name may name a key: not empty, no Unicode space, no '+', no control character, UTF-8.
bool is_key_name(std::string_view name);

}  // namespace remit::audit
