#include "audit/receipt.h"

#include <gmock/gmock.h>

#include "audit/corpus.h"
#include "audit/published_log.h"

namespace remit::audit {
namespace {

namespace json = boost::json;

// One log and one witness, whose cosignature is wanted.
struct Policy {
  VerifierKey log;
  VerifierKey witness;
};

Policy policy_of(const json::value& text) {
  std::istringstream words{text_of(text)};
  std::string word;
  std::vector<std::string> keys;
  while (words >> word)
    if (word.contains('+')) keys.push_back(word);
  return {VerifierKey::parse(keys.at(0)).value(), VerifierKey::parse(keys.at(1)).value()};
}

bool is_valid(const Receipt& receipt, const std::string& entry, const Policy& policy) {
  const auto verified = verify_receipt(receipt, as_bytes(entry), policy.log, {&policy.witness, 1});
  return verified && std::ranges::any_of(verified->signers,
                                         [&](const Signer& signer) { return signer.key == policy.witness; });
}

TEST(Receipts, EveryVectorIsJudgedAsItSays) {
  const auto vectors = corpus("receipts.json");
  const auto policy = policy_of(vectors.at("policy"));
  int valid = 0;
  for (const auto& one : vectors.at("receipts").as_array()) {
    const auto name = text_of(one.at("name"));
    const auto receipt = Receipt::parse(text_of(one.at("proof")));
    if (!receipt) {
      EXPECT_FALSE(one.at("valid").as_bool()) << name << ": " << receipt.error().message;
      EXPECT_EQ(receipt.error().code, "RMT-A017") << name;
      continue;
    }
    EXPECT_TRUE(one.at("formats_parses").as_bool()) << name;
    EXPECT_EQ(is_valid(*receipt, text_of(one.at("entry")), policy), one.at("valid").as_bool()) << name;
    EXPECT_EQ(receipt->text(), text_of(one.at("proof"))) << name;
    valid += one.at("valid").as_bool() ? 1 : 0;
  }
  EXPECT_EQ(valid, 3);
}

TEST(Receipts, AreReadAsTheSpecificationAllowsAndNoOtherWay) {
  const std::string note = "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— o AAAA\n";
  const std::string hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
  const std::string first = "c2sp.org/tlog-proof@v1\n";
  ASSERT_TRUE(Receipt::parse(first + "index 0\n\n" + note));
  ASSERT_TRUE(Receipt::parse(first + "extra \nindex 7\n" + hash + "\n" + note));
  std::string many;
  for (int i = 0; i < 64; ++i) many += hash;
  for (const auto& text : {std::string(),
                           first,
                           first + "index 0\n",
                           first + "index 0\n\n",
                           first + "index 0\n" + hash,
                           first + "index 00\n\n" + note,
                           first + "index 01\n\n" + note,
                           first + "index +1\n\n" + note,
                           first + "index  1\n\n" + note,
                           first + "index 1 \n\n" + note,
                           first + "index \n\n" + note,
                           first + "index 9223372036854775808\n\n" + note,
                           first + "Index 0\n\n" + note,
                           first + "index 0\nextra AA==\n\n" + note,
                           first + "extra AA\nindex 0\n\n" + note,
                           first + "extra AA==\nextra AA==\nindex 0\n\n" + note,
                           first + "index 0\nAAAA\n\n" + note,
                           first + "index 0\r\n\n" + note,
                           first + "index 0\n" + many + "\n" + note,
                           "\n" + first + "index 0\n\n" + note})
    EXPECT_FALSE(Receipt::parse(text)) << text;
}

class ReceiptsOfALog : public PublishedLog {};

TEST_F(ReceiptsOfALog, ProveEveryEntryOfALogOfAnySizeWithTheKeyAlone) {
  for (const auto size : {1U, 2U, 255U, 256U, 257U, 700U}) {
    fill(size - entries().size());
    publish();
    auto log = ProvenLog::open(folder(), key_.verifier());
    ASSERT_TRUE(log);
    ASSERT_EQ(log->size(), size);
    const auto all = entries();
    for (std::uint64_t i = 0; i < size; i += size > 300 ? 13 : 1) {
      const auto made = make_receipt(*log, i);
      ASSERT_TRUE(made) << i << " of " << size << ": " << made.error().message;
      const auto read = Receipt::parse(made->text());
      ASSERT_TRUE(read) << made->text();
      EXPECT_EQ(as_text(*read->extra), all[i]);
      const auto verified = verify_receipt(*read, *read->extra, key_.verifier());
      ASSERT_TRUE(verified) << verified.error().message;
      EXPECT_EQ(verified->checkpoint.head.size, size);
      EXPECT_FALSE(verify_receipt(*read, as_bytes(all[(i + 1) % size] + " "), key_.verifier()));
    }
    EXPECT_EQ(make_receipt(*log, size).error().code, "RMT-A013");
  }
}

TEST_F(ReceiptsOfALog, OfAnotherLogProveNothing) {
  fill(3);
  publish();
  auto log = ProvenLog::open(folder(), key_.verifier());
  const auto receipt = make_receipt(*log, 2).value();
  const auto other = SigningKey::make("other.example/log", random_).value();
  EXPECT_EQ(verify_receipt(receipt, *receipt.extra, other.verifier()).error().code, "RMT-A003");
}

}  // namespace
}  // namespace remit::audit
