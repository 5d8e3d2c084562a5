#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>

#include "base/error.h"
#include "cli/command_info.h"
#include "cli/completion.h"
#include "cli/man_page.h"
#include "server/config.h"
#include "store/temp_folder.h"

namespace remit::cli {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

using Words = std::vector<std::string>;

// As a shell cuts a line into words: quotes, and `>` ends what the program sees.
Words words_of(std::string_view line) {
  Words words{""};
  char quote = 0;
  for (const char c : line) {
    if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        words.back() += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '>') {
      break;
    } else if (c != ' ') {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  words.erase(words.begin());  // remit
  return words;
}

void for_each(const CommandInfo& command, const std::function<void(const CommandInfo&)>& visit) {
  visit(command);
  for (const auto& below : command.commands) for_each(below, visit);
}

TEST(CommandLine, SaysWhatWasMeant) {
  const struct {
    Words words;
    std::string_view says, fix;
  } cases[] = {
      {{"agnt", "list"}, "`remit` has no command `agnt`: did you mean `agent`?", "remit --help"},
      {{"agent", "lst"}, "`remit agent` has no command `lst`: did you mean `list`?", "remit agent --help"},
      {{"agent", "key", "ad"},
       "`remit agent key` has no command `ad`: did you mean `add`?",
       "remit agent key --help"},
      {{"agent", "register", "bot", "--ownr", "x"},
       "`remit agent register` has no option `--ownr`: did you mean `--owner`?",
       "remit agent register --help"},
      {{"agent", "list", "--dat=x"},
       "`remit agent list` has no option `--dat`: did you mean `--data`?",
       "remit agent list --help"},
      {{"agent"}, "`remit agent` is followed by a command: ", "remit agent --help"},
      {{}, "`remit` is followed by a command: ", "remit --help"},
      {{"human", "list", "ana"}, "`remit human list` takes no `ana` here", "remit human list --help"},
      {{"agent", "show"}, "NAME is required", "remit agent show --help"},
      {{"tool", "classify", "a/b", "--env", "sandbox", "--effect", "delte", "--data-class", "public", "--by",
        "x"},
       "delte",
       "remit tool classify --help"},
      {{"status", "-o", "jsn"}, "jsn", "remit status --help"},
  };
  for (const auto& [words, says, fix] : cases) {
    const auto read = read_command_line(words);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, "RMT-K020");
    EXPECT_THAT(read.error().message, HasSubstr(says));
    EXPECT_EQ(read.error().fix, fix);
  }
}

TEST(CommandLine, KnowsThatJsonIsWantedAlsoWhereItDoesNotUnderstand) {
  EXPECT_TRUE(wants_json({"agnt", "-o", "json"}));
  EXPECT_TRUE(wants_json({"--output=json", "agent", "lst"}));
  EXPECT_FALSE(wants_json({"agent", "list", "-o", "table"}));
  EXPECT_FALSE(wants_json({"destination", "add", "--command", "--", "x", "-o", "json"}));
}

TEST(CommandLine, EveryCommandSaysWhatItDoesAndHasAnExampleThatIsUnderstood) {
  const auto root = describe_commands();
  std::size_t commands = 0;
  for_each(root, [&](const CommandInfo& command) {
    EXPECT_FALSE(command.what.empty()) << command.path;
    if (!command.commands.empty()) return;
    ++commands;
    EXPECT_FALSE(command.examples.empty()) << command.path;
    for (const auto& example : command.examples) {
      const auto read = read_command_line(words_of(example));
      EXPECT_TRUE(read) << example << ": " << read.error().message;
    }
  });
  EXPECT_GT(commands, 50U);
}

TEST(CommandLine, HelpOfACommandIsPrintedInEitherWay) {
  const auto printed = [](const Words& words) {
    const auto read = read_command_line(words);
    EXPECT_TRUE(read);
    ::testing::internal::CaptureStdout();
    EXPECT_EQ((*read)().value(), 0);
    std::fflush(stdout);
    return ::testing::internal::GetCapturedStdout();
  };
  const auto help = printed({"agent", "register", "--help"});
  EXPECT_EQ(printed({"help", "agent", "register"}), help);
  EXPECT_THAT(help, HasSubstr("--owner"));
  EXPECT_THAT(help, HasSubstr("Examples:\n  remit agent register"));
  EXPECT_THAT(help, Not(HasSubstr("->"))) << "what the parser makes of a value is no one's business";
  EXPECT_THAT(printed({"--help"}), HasSubstr("Exit codes:\n  0  done"));
}

TEST(ExitCodes, AreEachToldOnceAndWithAllThatErrorsGive) {
  std::set<int> codes;
  for (const auto& [code, meaning] : exit_codes()) EXPECT_TRUE(codes.insert(code).second) << code;
  for (const auto kind : {ErrorKind::kInvalid, ErrorKind::kUnauthorized, ErrorKind::kForbidden,
                          ErrorKind::kNotFound, ErrorKind::kConflict, ErrorKind::kTooLarge,
                          ErrorKind::kUnavailable, ErrorKind::kUnknown, ErrorKind::kInternal})
    EXPECT_THAT(codes, Contains(exit_code(kind)));
}

TEST(ExitCodes, AreThoseOfTheDocs) {
  std::ifstream file(REMIT_DOCS "/commands.md");
  std::set<std::string> rows;
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("| ") && std::isdigit(static_cast<unsigned char>(line[2])) != 0) rows.insert(line);
  std::set<std::string> told;
  for (const auto& [code, meaning] : exit_codes())
    told.insert("| " + std::to_string(code) + " | " + std::string(meaning) + " |");
  EXPECT_EQ(rows, told);
}

// What a shell offers behind `line` and a space, when it runs its script.
std::set<std::string> offered_by(const std::string& shell, const std::string& line) {
  const auto script = completion_script(describe_commands(), shell).value();
  std::string words = "remit";
  const auto typed = words_of("remit " + line + " ");
  for (const auto& word : typed) words += " " + word;
  const auto count = std::to_string(typed.size() + 1);
  const std::map<std::string, std::string> asked = {
      {"bash", script + "COMP_WORDS=(" + words + " ''); COMP_CWORD=" + count +
                   "; _remit; printf '%s\\n' \"${COMPREPLY[@]}\"\n"},
      // Where zsh takes what is offered: behind `--` of compadd; it has no list where there is none.
      {"zsh",
       "compdef() { : }\n_files() { echo files }\n"
       "compadd() { shift; for word in \"$@\"; do env echo $word; done; (( $# )) }\n" +
           script + "words=(" + words + " ''); CURRENT=" + count + "; (( CURRENT++ )); _remit\n"},
      {"fish", script + "\ncomplete -C '" + words + " ' | string split -f1 \\t\n"}};
  const store::TempFolder folder;
  const auto file = folder / "script";
  std::ofstream(file) << asked.at(shell);
  std::set<std::string> offered;
  std::FILE* pipe = ::popen((shell + " " + file.string()).c_str(), "r");
  char buffer[256];
  while (std::fgets(buffer, sizeof buffer, pipe) != nullptr)
    offered.insert(std::string(buffer).substr(0, std::string(buffer).size() - 1));
  EXPECT_EQ(::pclose(pipe), 0) << shell;
  return offered;
}

class Completion : public testing::TestWithParam<const char*> {};

TEST_P(Completion, OffersCommandsOptionsAndChoices) {
  const std::string shell = GetParam();
  EXPECT_THAT(offered_by(shell, ""), IsSupersetOf({"agent", "serve"}));
  EXPECT_THAT(offered_by(shell, "agent"), IsSupersetOf({"register", "key"}));
  EXPECT_THAT(offered_by(shell, "agent key"), IsSupersetOf({"add", "revoke"}));
  EXPECT_EQ(offered_by(shell, "agent register bot --env"),
            (std::set<std::string>{"sandbox", "pilot", "production"}));
  EXPECT_EQ(offered_by(shell, "agent list -o"), (std::set<std::string>{"json", "table"}));
  if (shell != "fish")  // it offers options behind a dash alone
    EXPECT_THAT(offered_by(shell, "agent register bot"), IsSupersetOf({"--owner", "--env", "--output"}));
}

INSTANTIATE_TEST_SUITE_P(OfEachShell, Completion, testing::Values("bash", "zsh", "fish"),
                         [](const auto& shell) { return std::string(shell.param); });

TEST(Completions, OfEveryShellNameEveryCommand) {
  const auto root = describe_commands();
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    const auto script = completion_script(root, shell).value();
    for_each(root, [&](const CommandInfo& command) {
      EXPECT_THAT(script, HasSubstr("'" + command.path + "'")) << shell;
    });
  }
  EXPECT_EQ(completion_script(root, "tcsh").error().code, "RMT-K021");
}

TEST(ManPages, SayAllThatHelpDoes) {
  const auto root = describe_commands();
  for_each(root, [&](const CommandInfo& command) {
    const auto page = man_page(command, root);
    EXPECT_TRUE(page.starts_with(".TH REMIT")) << command.path;
    for (const auto* heading : {".SH NAME\n", ".SH SYNOPSIS\n", ".SH EXIT STATUS\n"})
      EXPECT_THAT(page, HasSubstr(heading)) << command.path;
    for (const auto& option : command.options)
      EXPECT_THAT(page, HasSubstr(option.by_place ? option.name : "\\-\\-" + option.name.substr(2, 1)));
  });
  EXPECT_EQ(man_page_name(root.find({"agent", "register"})), "remit-agent-register.1");
}

// The example as it is, and with each of its comments taken for what it says.
TEST(Config, TheExampleAndEachOfItsLinesAreUnderstood) {
  std::string example, all;
  for (const auto& table : server::config_reference()) {
    if (!table.name.empty()) all += "[" + table.name + "]\n";
    for (const auto& key : table.keys) {
      EXPECT_FALSE(key.what.empty()) << key.name;
      all += key.name + " = " + key.value + "\n";
    }
  }
  const auto read = server::parse_config(all, "/");
  ASSERT_TRUE(read) << read.error().front().error.message;
}

}  // namespace
}  // namespace remit::cli
