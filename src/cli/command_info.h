// CommandInfo: what the command line offers, as data: help, completions and man pages are made of it, so that
// none of them can lag behind.
//
// Thread-safety: values.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace remit::cli {

struct OptionInfo {
  std::string name;        // "--env", or "NAME" of an argument by its place
  std::string short_name;  // "-o", or empty
  std::string value;       // what stands behind it: "TEXT"; empty: a flag
  std::string what;
  std::vector<std::string> choices;  // all that it takes, where that is a list
  bool required = false;
  bool by_place = false;
};

struct CommandInfo {
  std::string path;  // "remit agent register"
  std::string name;  // "register"
  std::string what;
  std::vector<OptionInfo> options;
  std::vector<CommandInfo> commands;
  std::vector<std::string> examples;

  std::vector<std::string_view> command_names() const;
  // The command of these words, or as far as they lead.
  const CommandInfo& find(const std::vector<std::string>& words) const;
};

// Every command there is, with its examples.
CommandInfo describe_commands();

// Lines to type, by the command that they show: "remit agent list" → {"remit agent list", …}.
std::vector<std::string> examples_of(std::string_view path);

// What `remit` exits with, and what that says.
struct ExitCode {
  int code;
  std::string_view meaning;
};
const std::vector<ExitCode>& exit_codes();

}  // namespace remit::cli
