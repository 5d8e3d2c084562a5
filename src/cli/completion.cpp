#include "cli/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <set>

#include "cli/commands.h"
#include "cli/output.h"

namespace remit::cli {
namespace {

void visit_all(const CommandInfo& command, const std::function<void(const CommandInfo&)>& visit) {
  visit(command);
  for (const auto& below : command.commands) visit_all(below, visit);
}

// Inside single quotes, in all three shells but for fish, which wants a backslash.
std::string in_quotes(std::string_view text, std::string_view quote = "'\\''") {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string(quote) : std::string(1, c);
  return out + "'";
}

std::vector<std::string> words_of(const CommandInfo& command, const CommandInfo& root) {
  std::vector<std::string> words;
  words.reserve(command.commands.size() + command.options.size() + root.options.size());
  for (const auto& below : command.commands) words.push_back(below.name);
  std::set<std::string> options;
  for (const auto* from : {&command, &root})
    for (const auto& option : from->options)
      if (!option.by_place) options.insert(option.name);
  words.insert(words.end(), options.begin(), options.end());
  return words;
}

// What bash and zsh look up alike: which command the words before the cursor lead to (`next`, one word
// further each time), what that offers, and whether the last word is an option with a list of choices. What
// has no list is completed as a file.
std::string look_up(const CommandInfo& root) {
  std::string paths;
  std::string words;
  std::string choices;
  visit_all(root, [&](const CommandInfo& command) {
    if (&command != &root) paths += fmt::format("      {}) command=$next ;;\n", in_quotes(command.path));
    words += fmt::format("    {}) offered={} ;;\n", in_quotes(command.path),
                         in_quotes(fmt::format("{}", fmt::join(words_of(command, root), " "))));
    for (const auto& option : command.options) {
      if (option.choices.empty() || option.by_place) continue;
      const auto list = in_quotes(fmt::format("{}", fmt::join(option.choices, " ")));
      for (const auto& name : {option.name, option.short_name})
        if (!name.empty())
          choices += fmt::format(
              "    {}) offered={} ;;\n",
              &command == &root ? "*' " + name + "'" : in_quotes(command.path + " " + name), list);
    }
  });
  return fmt::format(R"(    case "$next" in
{}    esac
  done
  case "$command" in
{}  esac
  case "$command $previous" in
{}  esac
)",
                     paths, words, choices);
}

constexpr std::string_view kBash = R"(# Completion of remit in bash: source <(remit completion bash)
_remit() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} command=remit offered= next i
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="$command ${{COMP_WORDS[i]}}"
{look_up}  COMPREPLY=($(compgen -W "$offered" -- "$current"))
  [[ ${{#COMPREPLY[@]}} -gt 0 ]] || COMPREPLY=($(compgen -f -- "$current"))
}}
complete -F _remit remit
)";

// No variable is called `path`: zsh ties that to PATH.
constexpr std::string_view kZsh = R"(#compdef remit
# Completion of remit in zsh: source <(remit completion zsh)
_remit() {{
  local current=${{words[CURRENT]}} previous=${{words[CURRENT-1]}} command=remit next i
  local offered=
  for ((i = 2; i < CURRENT; i++)); do
    next="$command ${{words[i]}}"
{look_up}  compadd -- ${{=offered}} || _files
}}
if [[ $funcstack[1] == _remit ]]; then _remit "$@"; else compdef _remit remit; fi
)";

std::string fish_script(const CommandInfo& root) {
  std::string out = R"(# Completion of remit in fish: remit completion fish | source
function __remit_at
    set -l path remit
    for word in (commandline -opc)[2..]
        contains -- "$path $word" $__remit_paths; and set path "$path $word"
    end
    test "$path" = "$argv[1]"
end
)";
  const auto text = [](std::string_view value) { return in_quotes(value, "\\'"); };
  std::string paths;
  std::string lines;
  visit_all(root, [&](const CommandInfo& command) {
    paths += " " + text(command.path);
    const auto here = &command == &root ? std::string()
                                        : fmt::format(" -n {}", text("__remit_at \"" + command.path + "\""));
    const auto at = fmt::format(" -n {}", text("__remit_at \"" + command.path + "\""));
    for (const auto& below : command.commands)
      lines += fmt::format("complete -c remit -f{} -a {} -d {}\n", at, text(below.name), text(below.what));
    for (const auto& option : command.options) {
      if (option.by_place) continue;
      lines += fmt::format("complete -c remit{} -l {}", here, option.name.substr(2));
      if (!option.short_name.empty()) lines += fmt::format(" -s {}", option.short_name.substr(1));
      if (!option.choices.empty())
        lines += fmt::format(" -x -a {}", text(fmt::format("{}", fmt::join(option.choices, " "))));
      else if (!option.value.empty())
        lines += " -r";
      lines += fmt::format(" -d {}\n", text(option.what));
    }
  });
  return out + "set -g __remit_paths" + paths + "\n" + lines;
}

}  // namespace

Result<std::string> completion_script(const CommandInfo& root, std::string_view shell) {
  if (shell == "fish") return fish_script(root);
  if (shell != "bash" && shell != "zsh")
    return fail(ErrorKind::kInvalid, "RMT-K021", fmt::format("there is no completion for `{}`", shell));
  return fmt::format(fmt::runtime(shell == "bash" ? kBash : kZsh), fmt::arg("look_up", look_up(root)));
}

Result<int> completion_of(const Context&, const std::string& shell) {
  ASSIGN_OR_RETURN(const auto script, completion_script(describe_commands(), shell));
  print_text(script);
  return kOk;
}

}  // namespace remit::cli
