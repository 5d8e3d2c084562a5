#include "identity/person_name.h"

#include <gtest/gtest.h>

#include <string>

namespace remit::identity {
namespace {

std::string verdict(std::string_view text) {
  const auto read = read_person_name(text);
  return read ? "accepted" : std::string(read.error().code);
}

TEST(PersonName, NamesThatPeopleHaveAreAccepted) {
  for (const std::string_view name :
       {"ana@acme.test", "Ana", "Maria Quandt", "Jean-Luc O'Neill", "Zo\u00eb", "Amina Y\u00fccel",
        "J\u00fcrgen (IT)", "\u041c\u0438\u0445\u0430\u0438\u043b", "\u5c71\u7530\u592a\u90ce",
        "Yamada \u592a\u90ce", "\u0645\u062d\u0645\u062f", "M. van der Berg, Jr", "operator2", "dec2", "Hum"})
    EXPECT_EQ(verdict(name), "accepted") << name;
}

TEST(PersonName, WhatCanPassForAnotherNameIsRefused) {
  struct Case {
    std::string_view why, name;
  };
  const Case cases[] = {
      {"Cyrillic a among Latin", "M\u0430ria Quandt"},
      {"Greek o among Latin", "J\u03bfnas"},
      {"a zero-width space", "Ma\u200bria"},
      {"a zero-width joiner", "Ma\u200dria"},
      {"a word joiner", "Maria\u2060"},
      {"a soft hyphen", "Ma\u00adria"},
      {"a byte order mark", "\ufeffMaria"},
      {"a Hangul filler", "Maria\u3164"},
      {"a variation selector", "Maria\ufe0f"},
      {"a tag character", "Maria\U000e0041"},
      {"a braille blank", "Maria\u2800Quandt"},
      {"a private character", "Maria\ue000"},
      {"an unassigned character", "Maria\u0378"},
      {"a line separator", "Maria\u2028"},
      {"a space in front", " Maria"},
      {"a space behind", "Maria "},
      {"a wide space behind", "Maria\u3000"},
      {"a dot behind", "Maria."},
      {"a dot in front", ".maria"},
      {"a one dot leader behind", "Maria\u2024"},
      {"two spaces", "Maria  Quandt"},
      {"a mark over nothing", "\u0301Maria"},
      {"digits of two systems", "bot1\u0661"},
      {"an id of a person", "hum_01936b1e5c3a7000800000000000beef"},
      {"what begins as an id", "HUM_x"},
      {"a wide id", "\uff48\uff55\uff4d_x"},
      {"an id of an agent", "agt_1"},
      {"Remit itself", "remit"},
      {"the operator", "Operator"},
      {"nothing", ""},
      {"nothing that shows", "\u200b\u2800 "},
  };
  for (const auto& [why, name] : cases) EXPECT_EQ(verdict(name), "RMT-I032") << why;
  EXPECT_EQ(verdict("Maria\xff"), "RMT-I006");
}

TEST(PersonName, HasOneCanonicalForm) {
  const auto maria = read_person_name("Maria Quandt")->canonical;
  for (const std::string_view name :
       {"maria quandt", "MARIA QUANDT", "Maria\u00a0Quandt", "\uff2d\uff21\uff32\uff29\uff21 Quandt"}) {
    EXPECT_EQ(read_person_name(name)->canonical, maria) << name;
    EXPECT_EQ(canonical_name(name), maria) << name;
  }
  EXPECT_EQ(canonical_name("Stra\u00dfe"), canonical_name("STRASSE"));
  EXPECT_EQ(read_person_name("Zoe\u0308")->shown, "Zo\u00eb");
  EXPECT_NE(read_person_name("Maria Quandl")->canonical, maria);
}

TEST(PersonName, HasTheSkeletonOfWhatLooksLikeIt) {
  const auto same = [](std::string_view a, std::string_view b) {
    return forms_of_name(a).skeleton == forms_of_name(b).skeleton;
  };
  EXPECT_TRUE(same("copa", "\u0441\u043e\u0440\u0430"));
  EXPECT_TRUE(same("Paul", "PauI"));
  EXPECT_TRUE(same("Ana1", "Anal"));
  EXPECT_TRUE(same("ANA", "ana"));
  EXPECT_FALSE(same("ana", "anna"));
  EXPECT_FALSE(same("Zo\u00eb", "Zoe"));
}

TEST(ReadsAsEmpty, WhereNothingOfATextCanBeSeen) {
  for (const std::string_view text : {"", " ", "\t\n", "\u00a0", "\u200b", "\u2060\ufeff",
                                      "\u3164\u115f\uffa0", "\u2800", "\u202e", "\u0301", "\U000e0041"})
    EXPECT_TRUE(reads_as_empty(text)) << text;
  for (const std::string_view text : {"a", ".", " x ", "\u200bx", "\u5c71", "\xff", "-"})
    EXPECT_FALSE(reads_as_empty(text)) << text;
}

}  // namespace
}  // namespace remit::identity
