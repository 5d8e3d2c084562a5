#include "cli/usage.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.h"
#include "base/visible.h"

namespace remit::cli {
namespace {

std::string path_of(const CLI::App& app) {
  const auto* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : path_of(*parent) + " " + app.get_name();
}

// Of the command and of those above it, which take theirs behind it too.
std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* at = &app; at != nullptr; at = at->get_parent())
    for (const auto* option : at->get_options())
      for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<std::string_view> views(const std::vector<std::string>& names) {
  return {names.begin(), names.end()};
}

// The first word that nothing is called, if there is one.
std::string unknown_word(const CLI::App& root, const CLI::App& last) {
  auto words = last.remaining();
  if (words.empty()) words = root.remaining(true);
  const auto found = std::ranges::find_if(words, [](const auto& word) { return word != "--"; });
  return found == words.end() ? std::string() : *found;
}

// "TEXT:{sandbox,pilot,production}", as CLI11 writes an option's type and checks.
std::vector<std::string> choices_of(const std::string& type) {
  std::vector<std::string> choices;
  const auto open = type.find('{');
  const auto close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return choices;
  for (auto at = open + 1; at < close;) {
    const auto end = std::min(type.find(',', at), close);
    choices.push_back(type.substr(at, end - at));
    at = end + 1;
  }
  return choices;
}

OptionInfo describe(const CLI::Option& option) {
  OptionInfo info;
  info.what = option.get_description();
  info.required = option.get_required();
  info.by_place = option.get_positional();
  if (!option.get_lnames().empty()) info.name = "--" + option.get_lnames().front();
  if (!option.get_snames().empty()) info.short_name = "-" + option.get_snames().front();
  if (info.by_place) info.name = option.get_name(true);
  const auto type = option.get_type_name();
  info.choices = choices_of(type);
  if (option.get_type_size() > 0) info.value = type.substr(0, type.find(':'));
  return info;
}

}  // namespace

const CLI::App& last_command(const CLI::App& root) {
  const auto* app = &root;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return *app;
}

Error usage_error(const CLI::App& root, const CLI::ParseError& error) {
  const auto& last = last_command(root);
  const auto path = path_of(last);
  Error told{
      .kind = ErrorKind::kInvalid, .code = "RMT-K020", .message = error.what(), .fix = path + " --help"};
  std::vector<std::string> commands;
  for (const auto* command : commands_of(last)) commands.push_back(command->get_name());
  const auto word = unknown_word(root, last);
  if (word.size() > 1 && word.starts_with('-')) {
    const auto name = word.substr(0, word.find('='));
    const auto known = option_names(last);
    told.message = fmt::format("`{}` has no option `{}`", path, visible(name));
    if (const auto meant = nearest(name, views(known)))
      told.message += fmt::format(": did you mean `{}`?", *meant);
  } else if (!word.empty() && !commands.empty()) {
    told.message = fmt::format("`{}` has no command `{}`", path, visible(word));
    told.message += ": " + did_you_mean(word, views(commands));
  } else if (!commands.empty()) {
    told.message = fmt::format("`{}` is followed by a command: {}", path, fmt::join(commands, ", "));
  } else if (!word.empty()) {
    told.message = fmt::format("`{}` takes no `{}` here", path, visible(word));
  }
  return told;
}

CommandInfo describe(const CLI::App& app, const std::string& path) {
  CommandInfo info;
  info.path = path;
  info.name = app.get_name();
  info.what = app.get_description();
  for (const auto* option : app.get_options()) info.options.push_back(describe(*option));
  for (const auto* command : commands_of(app))
    info.commands.push_back(describe(*command, path + " " + command->get_name()));
  if (info.commands.empty()) info.examples = examples_of(path);
  return info;
}

std::vector<std::string_view> CommandInfo::command_names() const {
  std::vector<std::string_view> names;
  names.reserve(commands.size());
  for (const auto& command : commands) names.emplace_back(command.name);
  return names;
}

const CommandInfo& CommandInfo::find(const std::vector<std::string>& words) const {
  const auto* at = this;
  for (const auto& word : words) {
    const auto next = std::ranges::find(at->commands, word, &CommandInfo::name);
    if (next == at->commands.end()) break;
    at = &*next;
  }
  return *at;
}

}  // namespace remit::cli
