// The third-party vectors of the tests, and what they have in common. A missing corpus fails the test.

#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "audit/merkle.h"

namespace remit::audit {

inline boost::json::value corpus(const std::string& name) {
  std::ifstream file(std::string(REMIT_CORPORA_DIR) + "/tlog/" + name, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_FALSE(text.empty()) << "the corpus is missing: run scripts/corpora, wanted tlog/" << name;
  return text.empty() ? boost::json::value() : boost::json::parse(text);
}

inline std::string text_of(const boost::json::value& value) { return std::string(value.as_string()); }

inline Digest digest_from(const boost::json::value& hex) { return digest_from_hex(text_of(hex)).value(); }

inline Proof proof_of(const boost::json::value& list) {
  Proof proof;
  if (list.is_null()) return proof;
  for (const auto& hash : list.as_array()) proof.push_back(digest_from(hash));
  return proof;
}

// Entry i of every vector.
inline std::string entry_text(std::uint64_t i) { return "entry-" + std::to_string(i); }

// All complete subtrees of the log with `size` entries of the vectors.
class Tree {
 public:
  explicit Tree(std::uint64_t size) : levels_(1) {
    for (std::uint64_t i = 0; i < size; ++i) levels_[0].push_back(leaf_hash(as_bytes(entry_text(i))));
    while (levels_.back().size() > 1) {
      std::vector<Digest> above;
      for (std::size_t i = 0; i + 1 < levels_.back().size(); i += 2)
        above.push_back(node_hash(levels_.back()[i], levels_.back()[i + 1]));
      levels_.push_back(std::move(above));
    }
  }
  HashReader reader() const {
    return [this](unsigned level, std::uint64_t index) -> Result<Digest> {
      if (level < levels_.size() && index < levels_[level].size()) return levels_[level][index];
      return fail(ErrorKind::kNotFound, "RMT-A005", "no such node");
    };
  }

 private:
  std::vector<std::vector<Digest>> levels_;
};

}  // namespace remit::audit
