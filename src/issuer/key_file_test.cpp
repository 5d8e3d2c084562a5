#include "issuer/key_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace remit::issuer {
namespace {

class KeyFile : public ::testing::Test {
 protected:
  KeyFile() {
    std::string name = std::filesystem::temp_directory_path() / "remit-key-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~KeyFile() override { std::filesystem::remove_all(folder_); }

  SystemRandom random_;
  std::filesystem::path folder_;
};

TEST_F(KeyFile, IsMadeOnceAndReadByItsOwnerAlone) {
  const auto file = folder_ / "production.jwk";
  const auto made = make_key_file(file, jose::Algorithm::kEs256, random_);
  ASSERT_TRUE(made) << made.error().message;
  struct stat status{};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(make_key_file(file, jose::Algorithm::kEs256, random_).error().code, "RMT-J047");
  const auto again = read_key_file(file);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->key.public_key().thumbprint(), made->public_key().thumbprint());
}

TEST_F(KeyFile, IsInPemWhereItsNameSaysSo) {
  for (const auto algorithm : {jose::Algorithm::kEs256, jose::Algorithm::kEd25519}) {
    const auto file = folder_ / (std::string(to_string(algorithm)) + ".pem");
    const auto made = make_key_file(file, algorithm, random_);
    ASSERT_TRUE(made) << made.error().message;
    std::string first;
    std::getline(std::ifstream(file), first);
    EXPECT_EQ(first, "-----BEGIN PRIVATE KEY-----");
    const auto read = read_key_file(file);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->key.public_key().thumbprint(), made->public_key().thumbprint());
    EXPECT_TRUE(name_client(file, "dep_1"));
    EXPECT_EQ(read_key_file(file)->client_id, "") << "PEM has no place for it";
  }
}

TEST_F(KeyFile, SaysTheClientIdAndStaysItsOwnersAlone) {
  const auto file = folder_ / "bot.jwk";
  const auto made = make_key_file(file, jose::Algorithm::kEs256, random_);
  ASSERT_TRUE(made);
  EXPECT_EQ(read_key_file(file)->client_id, "");
  ASSERT_TRUE(name_client(file, "dep_1"));
  const auto read = read_key_file(file);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->client_id, "dep_1");
  EXPECT_EQ(read->key.public_key().thumbprint(), made->public_key().thumbprint());
  struct stat status{};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(KeyFile, IsRefusedWhereOthersCanReadItOrItIsNoKey) {
  const auto file = folder_ / "k.jwk";
  ASSERT_TRUE(make_key_file(file, jose::Algorithm::kEs256, random_));
  ::chmod(file.c_str(), 0644);
  EXPECT_EQ(read_key_file(file).error().code, "RMT-J048");
  std::ofstream(file) << "{\"kty\":\"EC\"}";
  ::chmod(file.c_str(), 0600);
  EXPECT_EQ(read_key_file(file).error().code, "RMT-J049");
  EXPECT_EQ(make_key_file(folder_ / "no" / "folder", jose::Algorithm::kEs256, random_).error().code,
            "RMT-J050");
}

}  // namespace
}  // namespace remit::issuer
