// Policies and schemas as text: laid out, and from one syntax to the other. Needs no server and no data.

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "base/canonical_json.h"
#include "cli/cedar_files.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/output.h"

namespace remit::cli {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> not_written(const fs::path& file) {
  return fail(ErrorKind::kInternal, "RMT-K006",
              fmt::format("{} cannot be written: {}", file.string(), std::generic_category().message(errno)));
}

// Whole or not at all, with the permissions that it had. A link stays one: what it names is replaced.
Result<void> replace_file(const std::string& name, std::string_view text) {
  std::error_code ec;
  const fs::path file = fs::canonical(name, ec);
  if (ec) return fail(ErrorKind::kNotFound, "RMT-K006", fmt::format("{}: {}", name, ec.message()));
  struct stat before{};
  if (::stat(file.c_str(), &before) != 0) return not_written(file);
  std::string fresh = (file.parent_path() / ("." + file.filename().string() + ".XXXXXX")).string();
  const int fd = ::mkstemp(fresh.data());
  if (fd < 0) return not_written(file);
  bool written = true;
  for (std::string_view rest = text; written && !rest.empty();) {
    const ::ssize_t count = ::write(fd, rest.data(), rest.size());
    written = count > 0;
    if (written) rest.remove_prefix(static_cast<std::size_t>(count));
  }
  written = written && ::fchmod(fd, before.st_mode & 07777U) == 0 && ::fsync(fd) == 0;
  const int reason = errno;
  written = ::close(fd) == 0 && written;
  if (written && ::rename(fresh.c_str(), file.c_str()) == 0) return {};
  ::unlink(fresh.c_str());
  if (!written) errno = reason;
  return not_written(file);
}

// JSON without line ends, two blanks a level. Deeper than people read, it goes on as it is: chains of
// operators nest, and their margins would outgrow them.
std::string indented(std::string_view json) {
  constexpr std::size_t kDeepest = 60;
  std::string out;
  std::size_t level = 0;
  const auto line = [&] {
    out += '\n';
    out.append(2 * level, ' ');
  };
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '"') {
      const std::size_t begin = i;
      for (++i; json[i] != '"'; ++i) i += json[i] == '\\' ? 1U : 0U;
      out += json.substr(begin, i + 1 - begin);
    } else if ((c == '{' || c == '[') && (json[i + 1] == '}' || json[i + 1] == ']')) {
      out += json.substr(i++, 2);
    } else if (c == '{' || c == '[') {
      out += c;
      if (++level <= kDeepest) line();
    } else if (c == '}' || c == ']') {
      if (level-- <= kDeepest) line();
      out += c;
    } else {
      out += c;
      if (c == ',' && level <= kDeepest) line();
      if (c == ':') out += ' ';
    }
  }
  return out + '\n';
}

// Policies or a schema in JSON, as they are.
Result<std::string> formatted_json(std::string_view text, const std::string& file) {
  if (auto policies = parse_policies(text, file); !policies && !parse_schema(text, file))
    return std::unexpected(std::move(policies).error());
  ASSIGN_OR_RETURN(const auto json, parse_json(text));
  return indented(boost::json::serialize(json));
}

// One file; whether it was as it should be.
Result<bool> format_file(const Context& context, const PolicyTextOptions& options, const std::string& file) {
  ASSIGN_OR_RETURN(const auto text, read_file(file));
  ASSIGN_OR_RETURN(const auto laid_out,
                   syntax_of(text) == Syntax::kJson ? formatted_json(text, file) : formatted(text, file));
  const bool same = laid_out == text;
  if (options.check) {
    if (!same || context.format == Format::kJson)
      print_done(context, boost::json::object{{"file", file}, {"formatted", same}}, visible(file));
    return same;
  }
  if (options.write && file != "-") {
    if (same) return true;
    TRY(replace_file(file, laid_out));
    print_done(context, boost::json::object{{"file", file}, {"formatted", true}},
               fmt::format("{} was laid out anew", visible(file)));
    return true;
  }
  if (context.format == Format::kJson)
    print_json(boost::json::object{{"file", file}, {"text", laid_out}});
  else
    fmt::print("{}", laid_out);
  return true;
}

bool is_schema(std::string_view file) {
  return file.ends_with(".cedarschema") || file.ends_with(".cedarschema.json");
}

Result<std::string> converted_policies(std::string_view text, Syntax from, Syntax to,
                                       const std::string& file) {
  if (from == Syntax::kCedar && to == Syntax::kCedar) return formatted(text, file);
  ASSIGN_OR_RETURN(const auto policies, parse_policies(text, file));
  if (to == Syntax::kJson) return indented(policies.to_json());
  return to_text(policies, file);
}

Result<std::string> converted_schema(std::string_view text, Syntax to, const std::string& file) {
  ASSIGN_OR_RETURN(const auto schema, parse_schema(text, file));
  if (to == Syntax::kJson) return schema.to_json() + "\n";
  auto written = schema.to_cedar();
  if (!written) return fail(ErrorKind::kInvalid, "RMT-P010", fmt::format("{}: {}", file, written.error()));
  return std::move(*written);
}

}  // namespace

Result<int> format_policies(const Context& context, const PolicyTextOptions& options) {
  std::optional<Error> first;
  bool all_same = true;
  for (const auto& file : options.files) {
    auto same = format_file(context, options, file);
    if (same) {
      all_same = all_same && *same;
      continue;
    }
    // The others are looked at too; the last word has the first that failed.
    if (first) fmt::print(stderr, "{}\n", fmt::join(visible_lines(format(*first)), "\n"));
    first = std::move(same).error();
  }
  if (first) return std::unexpected(std::move(*first));
  return all_same ? kOk : kFindings;
}

Result<int> convert_policies(const Context&, const PolicyTextOptions& options) {
  const auto& file = options.files.front();
  ASSIGN_OR_RETURN(const auto text, read_file(file));
  const Syntax from = syntax_of(text);
  Syntax to = from == Syntax::kCedar ? Syntax::kJson : Syntax::kCedar;
  if (!options.to.empty()) to = options.to == "json" ? Syntax::kJson : Syntax::kCedar;
  const bool schema = options.schema || is_schema(file);
  ASSIGN_OR_RETURN(const auto converted,
                   schema ? converted_schema(text, to, file) : converted_policies(text, from, to, file));
  fmt::print("{}", converted);
  return kOk;
}

}  // namespace remit::cli
