#include "mcp/ecmascript_pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace remit::mcp {
namespace {

// Each was given to `new RegExp(pattern, "u")` of Node 20, which takes all of these …
TEST(EcmascriptPatterns, OfTheKindThatSchemasHaveAreTaken) {
  for (const std::string_view pattern :
       {"",
        "^[a-z]+$",
        "a|b||",
        "^(?:[0-9a-fA-F]{8}-){3}[0-9a-f]{12}$",
        "(?=a)b(?!c)(?<=d)(?<!e)",
        R"(^\d{4}-\d\d?$)",
        R"([\w.+-]+@[\w-]+\.[\w.-]+)",
        R"(\u0041\u{1F600}\x41\cA\0\t\/)",
        R"(^[^\\/:*?"<>|\r\n]+$)",
        R"([\b\-\]])",
        R"(\p{L}\P{Lu}[\p{Script=Greek}])",
        "a*?b+?c??d{2}?e{2,}?f{2,3}?",
        "(?<year>[0-9]{4})(?<month>x)",
        "[]",
        "[^]",
        "[[]",
        "[a-]",
        "[-a]",
        "é+",
        "[а-я]",
        "😀{2}",
        R"([\ud83d\ude00-\ud83d\ude4f])",
        R"(^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$)"})
    EXPECT_TRUE(is_ecmascript_pattern(pattern)) << pattern;
}

// … and throws for all of these, but for those at the end, which are refused for simplicity.
TEST(EcmascriptPatterns, ThatAreNoneAreRefused) {
  for (const std::string_view pattern : {"(",
                                         ")",
                                         "(?",
                                         "(?i)a",
                                         "(?P<n>a)",
                                         "(?>a)",
                                         "[a",
                                         "a]",
                                         "a{",
                                         "a}",
                                         "{1}",
                                         "a{1",
                                         "a{2,1}",
                                         "a{,2}",
                                         "*a",
                                         "a**",
                                         "a+*",
                                         "^*",
                                         "(?=a)*",
                                         "(?<!a)+",
                                         "[b-a]",
                                         R"([\d-z])",
                                         R"([a-\w])",
                                         R"(\-)",
                                         R"(\a)",
                                         R"(\Z)",
                                         R"(\A)",
                                         R"(\_)",
                                         R"(\01)",
                                         R"(\c1)",
                                         R"(\x4)",
                                         R"(\u12)",
                                         R"(\u{110000})",
                                         R"(\u{})",
                                         R"(\p{Nonsense})",
                                         R"(\pL)",
                                         R"(\p{)",
                                         "\\",
                                         "(?<n>a)(?<n>b)",
                                         "(?<1>a)",
                                         "(?<>a)",
                                         "[\\",
                                         R"((a)\1)",
                                         R"((?<n>a)\k<n>)"})
    EXPECT_FALSE(is_ecmascript_pattern(pattern)) << pattern;
  EXPECT_FALSE(is_ecmascript_pattern(std::string(40, '(') + std::string(40, ')')));
}

}  // namespace
}  // namespace remit::mcp
