// LatticeSum: a digest of a set of byte strings that moves by what is added and removed, whatever is in the
// set otherwise and in whatever order it came (LtHash; Lewi, Kim, Maykov, Weis, "Securing Update Propagation
// with Homomorphic Hashing", 2019).
//
// Each string is hashed to 1,024 numbers of 16 bits: its SHA-256 is the key of AES-256 in counter mode, whose
// stream they are. The sum adds them up, each modulo 2^16. To find two sets of one sum is to find a short
// vector in a lattice of that dimension: some 2^200 steps.
//
// Thread-safety: a value.

#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/sha256.h"

namespace remit {

class LatticeSum {
 public:
  static constexpr std::size_t kBytes = 2048;

  void add(BytesView element);
  void remove(BytesView element);
  LatticeSum& operator+=(const LatticeSum& other);
  bool operator==(const LatticeSum&) const = default;

  Bytes bytes() const;  // little-endian
  Digest digest() const { return sha256(bytes()); }
  // Errors: kInvalid RMT-B001 (not of this length).
  static Result<LatticeSum> of_bytes(BytesView bytes);

 private:
  using Lanes = std::array<std::uint16_t, kBytes / 2>;
  static Lanes lanes_of(BytesView element);
  Lanes lanes_{};
};

}  // namespace remit
