#include "issuer/form.h"

#include <gtest/gtest.h>

namespace remit::issuer {
namespace {

TEST(Form, ParametersAreDecoded) {
  const auto form = Form::parse("a=1&b=x%20y+z&c=%C3%A9&d=p%3Dq%26r&e=f=g");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->find("a"), "1");
  EXPECT_EQ(form->find("b"), "x y z");
  EXPECT_EQ(form->find("c"), "é");
  EXPECT_EQ(form->find("d"), "p=q&r");
  EXPECT_EQ(form->find("e"), "f=g");
  EXPECT_FALSE(form->contains("absent"));
}

TEST(Form, AnEmptyBodyAndEmptyPairsAreNothing) {
  EXPECT_TRUE(Form::parse(""));
  EXPECT_EQ(Form::parse("&&a=1&")->find("a"), "1");
}

TEST(Form, AParameterWithoutAValueCountsAsLeftOut) {
  const auto form = Form::parse("scope=&a");
  ASSERT_TRUE(form);
  EXPECT_FALSE(form->contains("scope"));
  EXPECT_FALSE(form->contains("a"));
}

TEST(Form, OnlyResourceMayBeRepeated) {
  EXPECT_EQ(Form::parse("resource=a&resource=b")->all("resource"), (std::vector<std::string_view>{"a", "b"}));
  for (std::string_view body :
       {"a=1&a=1", "a=1&a=2", "a=&a=1", "a&a", "a=1&%61=2", "grant_type=x&grant_type=x"})
    EXPECT_EQ(Form::parse(body).error().code, "RMT-J040") << body;
}

TEST(Form, WhatCanBeReadTwoWaysIsRefused) {
  for (std::string_view body : {"a=%", "a=%4", "a=%4g", "a=%g4", "%=a", "a=%00", "a=%%41"})
    EXPECT_EQ(Form::parse(body).error().code, "RMT-J040") << body;
  EXPECT_EQ(Form::parse("a=%41")->find("a"), "A");
}

TEST(Form, LimitsAreKept) {
  EXPECT_FALSE(Form::parse("a=" + std::string(Form::kMaxBytes, 'x')));
  std::string many, empty;
  for (int i = 0; i < 65; ++i) {
    many += "p" + std::to_string(i) + "=1&";
    empty += "p" + std::to_string(i) + "&";
  }
  EXPECT_FALSE(Form::parse(many));
  EXPECT_FALSE(Form::parse(empty));
  std::string resources;
  for (int i = 0; i < 65; ++i) resources += "resource=a&";
  EXPECT_FALSE(Form::parse(resources));
}

TEST(Form, TheContentTypeIsAFormWithOrWithoutParameters) {
  for (std::string_view type :
       {"application/x-www-form-urlencoded", "Application/X-WWW-Form-URLEncoded",
        "application/x-www-form-urlencoded;charset=UTF-8", "application/x-www-form-urlencoded ; a=b"})
    EXPECT_TRUE(is_form_type(type)) << type;
  for (std::string_view type :
       {"", "application/json", "multipart/form-data", "application/x-www-form-urlencoded2",
        "text/plain;application/x-www-form-urlencoded"})
    EXPECT_FALSE(is_form_type(type)) << type;
}

}  // namespace
}  // namespace remit::issuer
