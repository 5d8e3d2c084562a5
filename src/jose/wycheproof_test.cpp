// Project Wycheproof's JOSE vectors. Keys of a kind that is not supported must be refused, whatever the case
// says of the token; for the others every verdict must be the corpus's own. The counts are asserted, so that
// no case is skipped.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "base/canonical_json.h"
#include "jose/jws.h"
#include "jose/key_set.h"

namespace remit::jose {
namespace {

struct Count {
  int decided = 0;  // cases with a key of ours
  int refused = 0;  // cases whose key was refused
  int encryption = 0;
};

boost::json::object read(const std::string& name) {
  const std::string path =
      std::string(REMIT_CORPORA_DIR) + "/jose/wycheproof-jose/testvectors_v1/" + name + ".json";
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("missing corpus: " + path);
  std::stringstream text;
  text << file.rdbuf();
  return parse_json(text.str()).value().as_object();
}

Result<KeySet> keys_of(const boost::json::object& jwk) {
  if (jwk.contains("keys")) return KeySet::from_jwks(jwk);
  ASSIGN_OR_RETURN(auto key, PublicKey::from_jwk(jwk));
  return KeySet::of({std::move(key)});
}

bool accepts(const KeySet& keys, std::string_view token) {
  auto jws = UnverifiedJws::parse(token);
  if (!jws) return false;
  // A corpus key stands for a key that was chosen already; some of its tokens name no or another `kid`.
  auto key =
      keys.keys().size() == 1 ? Result<PublicKey>(keys.keys().front()) : keys.select(jws->header().kid);
  return key && jws->check(*key);
}

// Valid in the corpus and refused here: a payload that is empty, and two tokens for PS384 under a key that
// says that it is for PS256.
bool is_stricter_here(int id, std::string_view name) {
  return name == "json_web_signature_test" && (id == 272 || id == 346 || id == 350);
}

Count run(const std::string& name) {
  Count count;
  for (const auto& group : read(name).at("testGroups").as_array()) {
    const auto& jwk =
        (group.as_object().contains("public") ? group.at("public") : group.at("private")).as_object();
    const auto keys = keys_of(jwk);
    for (const auto& test : group.at("tests").as_array()) {
      if (!test.as_object().contains("jws")) {
        ++count.encryption;
        continue;
      }
      if (!keys) {
        ++count.refused;
        continue;
      }
      ++count.decided;
      const bool accepted = accepts(*keys, std::string(test.at("jws").as_string()));
      if (is_stricter_here(test.at("tcId").to_number<int>(), name)) {
        EXPECT_FALSE(accepted) << name << " " << test;
        continue;
      }
      EXPECT_EQ(accepted, test.at("result").as_string() == "valid") << name << " " << test;
    }
  }
  return count;
}

TEST(Wycheproof, Signatures) {
  const auto count = run("json_web_signature_test");
  EXPECT_EQ(count.decided, 89);  // 50 of them PS256
  EXPECT_EQ(count.decided + count.refused + count.encryption, 401);
}

TEST(Wycheproof, Keys) {
  const auto count = run("json_web_key_test");
  EXPECT_EQ(count.decided, 0);  // every key here is weak, wrong or of a kind that is not supported
  EXPECT_EQ(count.decided + count.refused + count.encryption, 26);
}

TEST(Wycheproof, SignaturesAmongEncryption) {
  const auto count = run("json_web_crypto_test");
  EXPECT_EQ(count.decided, 15);
  EXPECT_EQ(count.decided + count.refused + count.encryption, 83);
}

}  // namespace
}  // namespace remit::jose
