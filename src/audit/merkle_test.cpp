#include "audit/merkle.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "audit/corpus.h"

namespace remit::audit {
namespace {

TEST(Merkle, LeavesAndRootsAreThoseOfTheVectors) {
  const auto vectors = corpus("tree.json");
  CompactTree tree;
  const auto& roots = vectors.at("roots_by_size").as_array();
  const auto& leaves = vectors.at("leaf_hashes").as_array();
  EXPECT_EQ(tree.head().root, digest_from(roots.at(0)));
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const auto leaf = leaf_hash(as_bytes(entry_text(i)));
    EXPECT_EQ(leaf, digest_from(leaves.at(i))) << i;
    tree.append(leaf);
    EXPECT_EQ(tree.head().root, digest_from(roots.at(i + 1))) << i + 1;
  }
  for (const auto& one : vectors.at("other_leaves").as_array()) {
    const auto hex = text_of(one.at("entry_hex"));
    const auto entry =
        hex == "00 repeated" ? Bytes(one.at("length").to_number<std::size_t>()) : from_hex(hex).value();
    EXPECT_EQ(leaf_hash(entry), digest_from(one.at("leaf"))) << hex;
  }
}

TEST(Merkle, RootsOfLargeTreesAreThoseOfTheVectors) {
  const auto vectors = corpus("tree.json");
  const auto& roots = vectors.at("roots_of_larger_trees").as_object();
  const Tree whole(70'000);
  CompactTree tree;
  std::size_t met = 0;
  for (std::uint64_t i = 0; i < 70'000; ++i) {
    tree.append(leaf_hash(as_bytes(entry_text(i))));
    const auto* root = roots.if_contains(std::to_string(i + 1));
    if (root == nullptr) continue;
    ++met;
    EXPECT_EQ(tree.head().root, digest_from(*root)) << i + 1;
    EXPECT_EQ(root_of(i + 1, whole.reader()).value(), digest_from(*root)) << i + 1;
  }
  EXPECT_EQ(met, roots.size());
}

TEST(Merkle, InclusionProofsAreJudgedAsTheVectorsSay) {
  const auto vectors = corpus("inclusion.json");
  const Tree whole(70'000);
  for (const auto& one : vectors.as_array()) {
    const auto index = one.at("index").to_number<std::uint64_t>();
    const TreeHead head{one.at("size").to_number<std::uint64_t>(), digest_from(one.at("root"))};
    const auto proof = proof_of(one.at("proof"));
    const auto verdict = verify_inclusion(index, digest_from(one.at("leaf")), head, proof);
    EXPECT_EQ(verdict.has_value(), one.at("valid").as_bool()) << one;
    if (one.at("valid").as_bool()) {
      EXPECT_EQ(make_inclusion_proof(index, head.size, whole.reader()).value(), proof) << one;
    }
  }
  EXPECT_EQ(vectors.as_array().size(), 298U);
}

TEST(Merkle, ConsistencyProofsAreJudgedAsTheVectorsSay) {
  const auto vectors = corpus("consistency.json");
  const Tree whole(70'000);
  for (const auto& one : vectors.as_array()) {
    const TreeHead older{one.at("size1").to_number<std::uint64_t>(), digest_from(one.at("root1"))};
    const TreeHead newer{one.at("size2").to_number<std::uint64_t>(), digest_from(one.at("root2"))};
    const auto proof = proof_of(one.at("proof"));
    const auto verdict = verify_consistency(older, newer, proof);
    EXPECT_EQ(verdict.has_value(), one.at("valid").as_bool()) << one;
    if (one.at("valid").as_bool()) {
      EXPECT_EQ(make_consistency_proof(older.size, newer.size, whole.reader()).value(), proof) << one;
    }
  }
  EXPECT_EQ(vectors.as_array().size(), 266U);
}

TEST(Merkle, ThereIsNoProofForWhatTheTreeDoesNotHold) {
  const Tree tree(8);
  EXPECT_EQ(make_inclusion_proof(8, 8, tree.reader()).error().code, "RMT-A005");
  EXPECT_EQ(make_consistency_proof(9, 8, tree.reader()).error().code, "RMT-A005");
  EXPECT_EQ(verify_consistency({9, {}}, {8, {}}, {}).error().code, "RMT-A005");
}

RC_GTEST_PROP(MerkleProperty, EveryProofThatIsMadeIsGoodAndNoOtherIs, ()) {
  const auto size = *rc::gen::inRange<std::uint64_t>(1, 600);
  const auto older = *rc::gen::inRange<std::uint64_t>(0, size + 1);
  const auto index = *rc::gen::inRange<std::uint64_t>(0, size);
  const Tree tree(size);
  const auto head = TreeHead{size, root_of(size, tree.reader()).value()};
  const auto old_head = TreeHead{older, root_of(older, tree.reader()).value()};

  const auto leaf = tree.reader()(0, index).value();
  auto inclusion = make_inclusion_proof(index, size, tree.reader()).value();
  RC_ASSERT(verify_inclusion(index, leaf, head, inclusion).has_value());
  auto consistency = make_consistency_proof(older, size, tree.reader()).value();
  RC_ASSERT(verify_consistency(old_head, head, consistency).has_value());

  RC_ASSERT(!verify_inclusion(index, head.root, {size, leaf}, inclusion) || size == 1);
  for (auto* proof : {&inclusion, &consistency}) {
    proof->push_back(leaf);
    RC_ASSERT(!verify_inclusion(index, leaf, head, inclusion) || proof != &inclusion);
    RC_ASSERT(!verify_consistency(old_head, head, consistency) || proof != &consistency);
  }
}

}  // namespace
}  // namespace remit::audit
