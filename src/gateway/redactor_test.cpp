#include "gateway/redactor.h"

#include <gtest/gtest.h>

#include "base/canonical_json.h"
#include "base/random.h"

namespace remit::gateway {
namespace {

constexpr std::string_view kSecret = "s3cr-t/5f2d+9c71";

Redactor redactor(std::string_view credential) {
  const std::string_view all[] = {credential};
  return Redactor(all);
}

std::string percent(std::string_view text, bool all, bool upper) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool plain = !all && i % 3 != 0;
    out += plain ? std::string(1, text[i]) : "%" + to_hex(as_bytes(text.substr(i, 1)));
    if (!plain && upper)
      for (auto* c = &out[out.size() - 2]; c != out.data() + out.size(); ++c)
        *c = static_cast<char>(std::toupper(*c));
  }
  return out;
}

std::string escaped(std::string_view text, std::string_view backslash = "\\") {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i)
    out += i % 2 == 0 ? std::string(backslash) + "u00" + to_hex(as_bytes(text.substr(i, 1)))
                      : std::string(1, text[i]);
  return out;
}

std::string replace(std::string text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

std::vector<std::string> forms_of(std::string_view secret) {
  std::vector<std::string> forms = {std::string(secret)};
  for (const std::string_view before : {"", "u", "ab", "user:", "id and "})
    for (const std::string_view after : {"", "x", "yz"}) {
      const auto within = std::string(before) + std::string(secret) + std::string(after);
      forms.push_back(to_base64(as_bytes(within)));
      forms.push_back(to_base64url(as_bytes(within)));
    }
  for (const bool all : {false, true})
    for (const bool upper : {false, true})
      for (std::size_t i = 0; i < 3; ++i) forms.push_back(percent(forms[i], all, upper));
  const auto plain = forms.size();
  for (std::size_t i = 0; i < plain; ++i) {
    forms.push_back(escaped(forms[i]));
    forms.push_back(escaped(forms[i], "\\\\"));
    forms.push_back(replace(forms[i], "/", "\\/"));
    forms.push_back(replace(forms[i], "/", "\\\\\\/"));
  }
  return forms;
}

// What is left may be a character at either end, which the credential alone does not decide.
void expect_hidden(const std::string& text, const std::string& form) {
  EXPECT_NE(text.find("***"), std::string::npos) << form << " in " << text;
  EXPECT_EQ(text.find(form.substr(form.size() / 4, form.size() / 2)), std::string::npos)
      << form << " in " << text;
}

TEST(Redactor, HidesEveryFormOfTheCredential) {
  const auto hide = redactor("Bearer " + std::string(kSecret));
  for (const auto& form : forms_of(kSecret)) {
    std::string json = R"({"a":"before )" + form + R"( after","n":1.0})";
    const auto before = json;
    EXPECT_TRUE(hide.clean_json(json)) << form;
    expect_hidden(json, form);
    EXPECT_TRUE(parse_json(json)) << json;
    EXPECT_TRUE(json.starts_with(R"({"a":"before )")) << json;
    EXPECT_TRUE(json.ends_with(R"( after","n":1.0})")) << json;

    std::string text = "before " + form + " after";
    EXPECT_TRUE(hide.clean_text(text)) << form;
    expect_hidden(text, form);
  }
}

TEST(Redactor, HidesEachOccurrenceAndKeyToo) {
  const auto hide = redactor(kSecret);
  std::string json =
      R"({"s3cr-t/5f2d+9c71":["s3cr-t/5f2d+9c71s3cr-t/5f2d+9c71","\u0073\u00253cr-t\/5f2d+9c71 %733cr-t/5f2d+9c71"]})";
  EXPECT_TRUE(hide.clean_json(json));
  EXPECT_EQ(json, R"({"***":["******","\u0073\u00253cr-t\/5f2d+9c71 ***"]})");
}

TEST(Redactor, LeavesWhatIsNotTheCredentialByteForByte) {
  const auto hide = redactor(kSecret);
  for (const std::string text : {R"({"a":"s3cr-t/5f2d+9c7","b":"\ud83d % %7 \\u00 \\\\ \n","c":1.0E5})", "",
                                 "s", "\\", "%", "s\\", "{\"a\":\"s3cr-t/\\n5f2d+9c71\"}"}) {
    auto json = text;
    EXPECT_FALSE(hide.clean_json(json));
    EXPECT_EQ(json, text);
    auto plain = text;
    EXPECT_FALSE(hide.clean_text(plain));
    EXPECT_EQ(plain, text);
  }
}

// A find must not begin in the middle of an escape: what is left would be no JSON.
TEST(Redactor, KeepsEscapesWhole) {
  for (const auto& [secret, json] :
       {std::pair<std::string_view, std::string>{"nbcdefgh", R"({"a":"\nbcdefgh"})"},
        {"0041bcdefgh", R"({"a":"\u0041bcdefgh"})"},
        {"41bcdefgh", R"({"a":"\u0041bcdefgh"})"}}) {
    auto text = json;
    EXPECT_FALSE(redactor(secret).clean_json(text));
    EXPECT_EQ(text, json);
  }
  std::string text = R"({"a":"\\nbcdefgh"})";
  EXPECT_TRUE(redactor("nbcdefgh").clean_json(text));
  EXPECT_TRUE(parse_json(text)) << text;
}

TEST(Redactor, ACredentialOfDigitsGoesAsAWholeNumber) {
  const auto hide = redactor("1234567890");
  std::string json = R"({"a":1234567890,"b":[5,91234567890e0],"c":"1234567890"})";
  EXPECT_TRUE(hide.clean_json(json));
  EXPECT_EQ(json, R"({"a":"***","b":[5,"***"],"c":"***"})");
}

TEST(Redactor, ACredentialWithQuotesDoesNotReachOverTheEndOfAString) {
  const auto hide = redactor(R"(abcd","efgh)");
  std::string json = R"({"x":["abcd","efgh"],"y":"abcd\",\"efgh"})";
  EXPECT_TRUE(hide.clean_json(json));
  EXPECT_EQ(json, R"({"x":["abcd","efgh"],"y":"***"})");
}

TEST(Redactor, WhatIsTooShortIsNotLookedFor) {
  std::string text = "Bearer abc, and abc";
  EXPECT_FALSE(redactor("abc").clean_text(text));
  EXPECT_FALSE(Redactor().clean_text(text));
  // The scheme belongs to it then.
  EXPECT_TRUE(redactor("Bearer abc").clean_text(text));
  EXPECT_EQ(text, "***, and abc");
}

TEST(Redactor, FindsWhatIsWhereverItStands) {
  SystemRandom random;
  for (int round = 0; round < 200; ++round) {
    const auto secret = to_base64url(random.bytes(24)).substr(0, 8 + static_cast<std::size_t>(round) % 20);
    const auto hide = redactor(secret);
    auto before = to_base64(random.bytes(static_cast<std::size_t>(round)));
    std::string text = before + secret + to_hex(random.bytes(20));
    EXPECT_TRUE(hide.clean_text(text)) << secret;
    EXPECT_EQ(text.find(secret), std::string::npos);
  }
}

}  // namespace
}  // namespace remit::gateway
