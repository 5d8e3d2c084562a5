#include "audit/tile.h"

#include <gtest/gtest.h>

#include <map>

#include "audit/corpus.h"

namespace remit::audit {
namespace {

class Tiles : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Tiles, PathsAndBytesAreThoseOfTheVectors) {
  const auto size = GetParam();
  const auto vectors = corpus("tiles-" + std::to_string(size) + ".json");
  const Tree tree(size);
  std::map<std::string, Bytes> files;
  for (const auto& tile : new_tiles(0, size)) {
    files[tile_path(tile)] = tile_bytes(tile, tree.reader()).value();
    EXPECT_EQ(parse_tile(files[tile_path(tile)], tile.width).value().size(), tile.width);
    if (tile.level != 0) continue;
    Bytes bundle;
    for (std::uint64_t i = 0; i < tile.width; ++i)
      ASSERT_TRUE(append_to_bundle(bundle, as_bytes(entry_text(tile.index * kTileWidth + i))));
    EXPECT_EQ(parse_bundle(bundle, tile.width).value().back(),
              entry_text(tile.index * kTileWidth + tile.width - 1));
    files[entries_path(tile)] = std::move(bundle);
  }
  EXPECT_EQ(root_of(size, tree.reader()).value(), digest_from(vectors.at("root")));
  for (const auto& one : vectors.at("files").as_array()) {
    const auto path = text_of(one.at("path"));
    ASSERT_TRUE(files.contains(path)) << path;
    EXPECT_EQ(files[path].size(), one.at("bytes").to_number<std::size_t>()) << path;
    EXPECT_EQ(sha256(files[path]).hex(), text_of(one.at("sha256"))) << path;
  }
  EXPECT_EQ(files.size(), vectors.at("files").as_array().size());
}

INSTANTIATE_TEST_SUITE_P(OfSize, Tiles, testing::Values(1, 255, 256, 257, 70'000));

TEST(Tile, PathsOfLargeIndexesAreSplitInThrees) {
  EXPECT_EQ(tile_path({0, 1'234'067, 256}), "tile/0/x001/x234/067");
  EXPECT_EQ(tile_path({3, 999, 17}), "tile/3/999.p/17");
  EXPECT_EQ(entries_path({0, 1000, 1}), "tile/entries/x001/000.p/1");
}

TEST(Tile, OnlyWhatChangedIsNew) {
  EXPECT_TRUE(new_tiles(5, 5).empty());
  EXPECT_EQ(new_tiles(0, 3), (std::vector<Tile>{{0, 0, 3}}));
  EXPECT_EQ(new_tiles(255, 256), (std::vector<Tile>{{0, 0, 256}, {1, 0, 1}}));
  EXPECT_EQ(new_tiles(256, 600), (std::vector<Tile>{{0, 1, 256}, {0, 2, 88}, {1, 0, 2}}));
}

TEST(Bundle, WhatIsCutOffOrOfAnotherCountIsRefused) {
  Bytes bundle;
  ASSERT_TRUE(append_to_bundle(bundle, as_bytes("one")));
  ASSERT_TRUE(append_to_bundle(bundle, as_bytes("")));
  EXPECT_EQ(parse_bundle(bundle, 2).value(), (std::vector<std::string>{"one", ""}));
  EXPECT_FALSE(parse_bundle(bundle, 1));
  EXPECT_FALSE(parse_bundle(bundle, 3));
  EXPECT_FALSE(parse_bundle(BytesView(bundle).first(bundle.size() - 1), 2));
  EXPECT_FALSE(parse_bundle(BytesView(bundle).first(4), 1));
  EXPECT_FALSE(parse_tile(bundle, 1));
  EXPECT_EQ(append_to_bundle(bundle, Bytes(65'536)).error().kind, ErrorKind::kTooLarge);
  EXPECT_TRUE(append_to_bundle(bundle, Bytes(65'535)));
}

}  // namespace
}  // namespace remit::audit
