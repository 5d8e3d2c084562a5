#include "cli/man_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>

#include "cli/commands.h"
#include "cli/output.h"

namespace remit::cli {
namespace {

std::string dashed(std::string text) {
  std::ranges::replace(text, ' ', '-');
  return text;
}

// A line that begins with a dot or a quote would be a request; a bare dash is a hyphen, which cannot be
// pasted.
std::string roff(std::string_view text) {
  std::string out;
  if (!text.empty() && (text.front() == '.' || text.front() == '\'')) out = "\\&";
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out;
}

std::string bold(std::string_view text) { return fmt::format("\\fB{}\\fR", roff(text)); }
std::string italic(std::string_view text) { return fmt::format("\\fI{}\\fR", roff(text)); }

// "\fB--env\fR \fITEXT\fR"
std::string shown(const OptionInfo& option) {
  if (option.by_place) return italic(option.name);
  return option.value.empty() ? bold(option.name)
                              : fmt::format("{} {}", bold(option.name), italic(option.value));
}

std::string synopsis(const CommandInfo& command) {
  std::string line = roff(command.path);
  if (!command.commands.empty()) return line + " \\fICOMMAND\\fR";
  for (const auto& option : command.options) {
    if (option.name == "--help") continue;
    line += fmt::format(fmt::runtime(option.required ? " {}" : " [{}]"), shown(option));
  }
  return line;
}

std::string options(const CommandInfo& command) {
  std::string out;
  for (const auto& option : command.options) {
    const auto names = option.short_name.empty()
                           ? shown(option)
                           : fmt::format("{}, {}", bold(option.short_name), shown(option));
    out += fmt::format(".TP\n{}\n{}\n", names, roff(option.what.empty() ? "Needed." : option.what));
  }
  return out;
}

}  // namespace

std::string man_page_name(const CommandInfo& command) { return dashed(command.path) + ".1"; }

std::string man_page(const CommandInfo& command, const CommandInfo& root) {
  auto title = dashed(command.path);
  std::ranges::transform(title, title.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  auto page =
      fmt::format(".TH {} 1 \"\" \"Remit {}\" \"Remit\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}\n", title,
                  REMIT_VERSION, roff(dashed(command.path)), roff(command.what), synopsis(command));
  if (!command.commands.empty()) {
    page += ".SH COMMANDS\n";
    for (const auto& below : command.commands)
      page += fmt::format(".TP\n{}(1)\n{}\n", bold(dashed(below.path)), roff(below.what));
  }
  if (!command.options.empty()) page += ".SH OPTIONS\n" + options(command);
  if (&command != &root) page += ".PP\nThe options of \\fBremit\\fR(1) may stand behind it too.\n";
  if (!command.examples.empty()) {
    page += ".SH EXAMPLES\n.nf\n";
    for (const auto& example : command.examples) page += roff(example) + "\n";
    page += ".fi\n";
  }
  page += ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : exit_codes()) page += fmt::format(".TP\n{}\n{}\n", code, roff(meaning));
  return page;
}

namespace {

Result<void> write_pages(const CommandInfo& command, const CommandInfo& root,
                         const std::filesystem::path& folder) {
  const auto file = folder / man_page_name(command);
  std::ofstream out(file);
  if (!(out << man_page(command, root) << std::flush))
    return fail(ErrorKind::kUnavailable, "RMT-K006", fmt::format("{} cannot be written", file.string()));
  for (const auto& below : command.commands) TRY(write_pages(below, root, folder));
  return {};
}

}  // namespace

Result<int> man_pages_to(const Context&, const std::string& folder) {
  std::error_code ec;
  std::filesystem::create_directories(folder, ec);
  const auto root = describe_commands();
  TRY(write_pages(root, root, folder));
  return kOk;
}

}  // namespace remit::cli
