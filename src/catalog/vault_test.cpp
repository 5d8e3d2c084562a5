#include "catalog/vault.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "store/temp_folder.h"

namespace remit::catalog {
namespace {

using snapshot::SealedSecret;

const DestinationId kErp = DestinationId::trusted("dst_erp");
const DestinationId kCrm = DestinationId::trusted("dst_crm");

class VaultTest : public testing::Test {
 protected:
  VaultTest() { made("vault.key"); }
  Vault made(const char* file) { return Vault::make(folder_ / file, random_).value(); }
  Vault open_vault() { return Vault::open(folder_ / "vault.key", random_).value(); }
  SealedSecret seal(const Vault& vault, const std::string& value = "Bearer xyzzy") {
    return vault.seal(SecretId::trusted("sec_1"), kErp, "Authorization", Secret(value));
  }
  SystemRandom random_;
  store::TempFolder folder_;
};

void expect_code(const Result<Secret>& result, std::string_view code) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, code);
}

TEST_F(VaultTest, OpensWhatItSealedAlsoAfterARestart) {
  const auto sealed = seal(open_vault());
  EXPECT_EQ(open_vault().unseal(kErp, sealed)->reveal(), "Bearer xyzzy");
}

TEST_F(VaultTest, SealsAnEmptyValueToo) {
  const Vault vault = open_vault();
  EXPECT_EQ(vault.unseal(kErp, seal(vault, ""))->reveal(), "");
}

TEST_F(VaultTest, ShowsNothingOfTheValueAndNeverTheSameBoxTwice) {
  const Vault vault = open_vault();
  const auto first = seal(vault), second = seal(vault);
  EXPECT_EQ(as_text(first.box).find("xyzzy"), std::string_view::npos);
  EXPECT_NE(first.box, second.box);
}

TEST_F(VaultTest, DoesNotOpenABoxThatWasMovedElsewhere) {
  const Vault vault = open_vault();
  const auto sealed = seal(vault);
  expect_code(vault.unseal(kCrm, sealed), "RMT-C003");
  auto other_slot = sealed;
  other_slot.slot = "X-Echo";
  expect_code(vault.unseal(kErp, other_slot), "RMT-C003");
  auto other_id = sealed;
  other_id.id = SecretId::trusted("sec_2");
  expect_code(vault.unseal(kErp, other_id), "RMT-C003");
}

TEST_F(VaultTest, DoesNotOpenUnderAnotherKeyFile) {
  const auto sealed = seal(open_vault());
  expect_code(made("other.key").unseal(kErp, sealed), "RMT-C003");
}

TEST_F(VaultTest, RefusesEveryChangedByteAndEveryCut) {
  const Vault vault = open_vault();
  const auto sealed = seal(vault);
  for (std::size_t at = 0; at < sealed.box.size(); ++at) {
    auto changed = sealed;
    changed.box[at] ^= 1U;
    expect_code(vault.unseal(kErp, changed), "RMT-C003");
    auto cut = sealed;
    cut.box.resize(at);
    expect_code(vault.unseal(kErp, cut), "RMT-C003");
  }
}

TEST_F(VaultTest, MakesAKeyFileThatOnlyItsAccountCanRead) {
  open_vault();
  struct stat status{};
  ASSERT_EQ(::stat((folder_ / "vault.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(VaultTest, RefusesAKeyFileThatOthersCanRead) {
  open_vault();
  ASSERT_EQ(::chmod((folder_ / "vault.key").c_str(), 0640), 0);
  const auto refused = Vault::open(folder_ / "vault.key", random_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "RMT-C002");
}

TEST_F(VaultTest, RefusesAFileThatIsNoKey) {
  const std::string digits(64, 'a');
  for (const std::string& text : {std::string(), std::string("secret\n"), digits, digits + "\r\n",
                                  digits + "\n\n", std::string(64, 'g') + "\n"}) {
    std::ofstream(folder_ / "vault.key") << text;
    ASSERT_EQ(::chmod((folder_ / "vault.key").c_str(), 0600), 0);
    const auto refused = Vault::open(folder_ / "vault.key", random_);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, "RMT-C002") << text;
  }
}

TEST_F(VaultTest, MakesNoKeyWhereOneIsMissingOrOneIsThere) {
  const auto missing = Vault::open(folder_ / "gone.key", random_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "RMT-C001");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "gone.key"));
  const auto before = open_vault().fingerprint();
  const auto again = Vault::make(folder_ / "vault.key", random_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "RMT-C001");
  EXPECT_EQ(open_vault().fingerprint(), before);
  EXPECT_NE(made("other.key").fingerprint(), before);
}

TEST_F(VaultTest, SaysThatTheFolderIsMissing) {
  const auto refused = Vault::make(folder_ / "nowhere" / "vault.key", random_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "RMT-C001");
}

RC_GTEST_FIXTURE_PROP(VaultTest, OpensToTheBytesThatWereSealed, (const std::string& value)) {
  const Vault vault = open_vault();
  RC_ASSERT(vault.unseal(kErp, seal(vault, value))->reveal() == value);
}

}  // namespace
}  // namespace remit::catalog
