#include "audit/note.h"

#include <gtest/gtest.h>

#include <set>

#include "audit/checkpoint.h"
#include "audit/corpus.h"

namespace remit::audit {
namespace {

constexpr std::string_view kMlDsa = "+066460d9";  // a key of a type that is not known here

TEST(Note, EveryVectorIsJudgedAsItSays) {
  const auto vectors = corpus("notes.json");
  std::map<std::string, VerifierKey> keys;
  for (const auto& one : vectors.at("keys").as_array()) {
    const auto vkey = text_of(one.at("vkey"));
    const auto key = VerifierKey::parse(vkey);
    if (vkey.find(kMlDsa) != std::string::npos) {
      EXPECT_EQ(key.error().code, "RMT-A002");
      continue;
    }
    ASSERT_TRUE(key) << format(key.error());
    EXPECT_EQ(key->text(), vkey);
    keys.emplace(vkey.substr(0, vkey.find('+') + 9), *key);
  }
  for (const auto& one : vectors.at("notes").as_array()) {
    std::vector<VerifierKey> trusted;
    for (const auto& id : one.at("trusted").as_array())
      if (auto key = keys.find(text_of(id)); key != keys.end()) trusted.push_back(key->second);
    std::set<std::string> expected;
    if (const auto* list = one.as_object().if_contains("verified"))
      for (const auto& id : list->as_array())
        if (!text_of(id).ends_with(kMlDsa)) expected.insert(text_of(id));
    const auto note = verify_note(text_of(one.at("note")), trusted);
    ASSERT_EQ(note.has_value(), !expected.empty()) << one;
    if (!note) continue;
    EXPECT_EQ(note->text, text_of(one.at("text")));
    std::set<std::string> signers;
    for (const auto& signer : note->signers) {
      const auto text = signer.key.text();
      signers.insert(text.substr(0, text.find('+') + 9));
      EXPECT_EQ(signer.time.has_value(), signer.key.type == SignatureType::kEd25519Cosignature);
    }
    EXPECT_EQ(signers, expected) << one;
  }
}

TEST(Note, SignaturesAreThoseOfTheVectors) {
  const auto vectors = corpus("notes.json");
  const auto skey = text_of(vectors.at("keys").at(0).at("skey"));
  const auto key = SigningKey::parse(Secret(skey)).value();
  EXPECT_EQ(key.text().reveal(), skey);
  EXPECT_EQ(key.verifier().text(), text_of(vectors.at("keys").at(0).at("vkey")));
  std::size_t checked = 0;
  for (const auto& one : vectors.at("notes").as_array()) {
    const auto name = text_of(one.at("name"));
    if (name != "one signature" && name != "text with empty lines" && name != "text is not ASCII") continue;
    EXPECT_EQ(key.sign(text_of(one.at("text"))).value(), text_of(one.at("note")));
    ++checked;
  }
  EXPECT_EQ(checked, 3U);
}

TEST(Note, TheExampleOfTheSpecificationIsGood) {
  const auto key =
      VerifierKey::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").value();
  const std::string note =
      "This is an example message.\n\n"
      "\u2014 example.com/foo "
      "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
  EXPECT_TRUE(verify_note(note, std::vector{key}));
}

TEST(Note, KeysThatAreNotWellFormedAreRefused) {
  for (const char* text : {
           "",
           "+",
           "name",
           "name+530d903a",
           "name+530d903a+",
           "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
           "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
           "a\u2003b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
           "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
           "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
           "example.com/foo+530d903a+BekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
           "example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
           "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U",
       })
    EXPECT_EQ(VerifierKey::parse(text).error().code, "RMT-A002") << text;
  SystemRandom random;
  EXPECT_FALSE(SigningKey::make("with space", random));
  EXPECT_FALSE(SigningKey::make("with+plus", random));
  EXPECT_FALSE(SigningKey::make("", random));
  EXPECT_FALSE(SigningKey::parse(Secret("PRIVATE+KEY+")));
}

TEST(Note, WhatIsSignedCanBeRead) {
  SystemRandom random;
  const auto key = SigningKey::make("log.example/1", random).value();
  const auto again = SigningKey::parse(key.text()).value();
  const auto note = again.sign("hello\n").value();
  EXPECT_EQ(verify_note(note, std::vector{key.verifier()}).value().text, "hello\n");
  EXPECT_FALSE(key.sign("no newline"));
  EXPECT_FALSE(key.sign("a\ttab\n"));
  EXPECT_FALSE(key.sign("not UTF-8 \xc0\x80\n"));
}

TEST(Checkpoint, EveryVectorIsJudgedAsTheSpecificationSays) {
  const auto vectors = corpus("notes.json");
  for (const auto& one : vectors.at("checkpoint_texts").as_array()) {
    const auto text = text_of(one.at("text"));
    const auto checkpoint = Checkpoint::parse(text);
    if (one.at("valid").as_string() != "either") {
      EXPECT_EQ(checkpoint.has_value(), one.at("valid").as_string() == "yes") << one;
    }
    if (checkpoint) {
      EXPECT_EQ(checkpoint->text(), text);
    }
  }
}

TEST(Checkpoint, IsRefusedWhenItIsOfAnotherLogOrNotSignedByIt) {
  SystemRandom random;
  const auto log = SigningKey::make("log.example/1", random).value();
  const auto other = SigningKey::make("log.example/2", random).value();
  const Checkpoint checkpoint{.origin = "log.example/1", .head = {0, empty_root()}};
  EXPECT_TRUE(verify_checkpoint(log.sign(checkpoint.text()).value(), log.verifier()));
  const auto by_other = other.sign(checkpoint.text()).value();
  EXPECT_FALSE(verify_checkpoint(by_other, log.verifier()));
  EXPECT_FALSE(verify_checkpoint(by_other, log.verifier(), std::vector{other.verifier()}));
  EXPECT_EQ(verify_checkpoint(by_other, other.verifier()).error().code, "RMT-A003");
}

}  // namespace
}  // namespace remit::audit
