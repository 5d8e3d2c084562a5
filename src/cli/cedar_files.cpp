#include "cli/cedar_files.h"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace remit::cli {
namespace {

bool is_one_policy(std::string_view json) {
  boost::json::parse_options options;
  options.max_depth = 4096;
  boost::system::error_code ec;
  const auto parsed = boost::json::parse(json, ec, {}, options);
  return !ec && parsed.is_object() && parsed.as_object().contains("effect");
}

}  // namespace

Syntax syntax_of(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return Syntax::kCedar;
  return text[first] == '{' || text[first] == '[' ? Syntax::kJson : Syntax::kCedar;
}

std::unexpected<Error> refused(std::string_view code, const cedar::Diagnostics& diagnostics,
                               std::string_view text, const std::string& file) {
  std::string message = fmt::format("{} does not parse:", file);
  for (const auto& diagnostic : diagnostics) message += "\n" + cedar::render(diagnostic, text, file);
  return fail(ErrorKind::kInvalid, code, std::move(message));
}

std::unexpected<Error> refused(std::string_view code, const cedar::DataError& error,
                               const std::string& file) {
  const std::string place = error.pointer.empty() ? "" : "at " + error.pointer + ": ";
  return fail(ErrorKind::kInvalid, code, fmt::format("{}: {}{}", file, place, error.message), error.help);
}

Result<cedar::PolicySet> parse_policies(std::string_view text, const std::string& file) {
  if (syntax_of(text) == Syntax::kCedar) {
    auto parsed = cedar::PolicySet::parse(text);
    if (!parsed) return refused("RMT-P001", parsed.error(), text, file);
    return std::move(*parsed);
  }
  if (!is_one_policy(text)) {
    auto parsed = cedar::PolicySet::parse_json(text);
    if (!parsed) return refused("RMT-P001", parsed.error(), file);
    return std::move(*parsed);
  }
  cedar::PolicySetBuilder builder;
  if (const auto added = builder.add_json(text, "policy0"); !added)
    return refused("RMT-P001", added.error(), file);
  return std::move(builder).build();
}

Result<std::string> formatted(std::string_view text, const std::string& file) {
  auto laid_out = cedar::format(text);
  if (!laid_out) return refused("RMT-P001", laid_out.error(), text, file);
  return std::move(*laid_out);
}

Result<std::string> to_text(const cedar::PolicySet& policies, const std::string& file) {
  const auto name = [](std::string_view id) { return boost::json::serialize(boost::json::string_view(id)); };
  std::string text;
  for (const auto& policy : policies.templates())
    text += fmt::format("// template {}\n{}\n", name(policy.id()), policy.to_cedar());
  for (const auto& policy : policies.policies()) {
    const auto linked = policy.template_id();
    text += fmt::format("// policy {}{}\n{}\n", name(policy.id()),
                        linked ? ", a link of template " + name(*linked) : "", policy.to_cedar());
  }
  return formatted(text, file);
}

Result<cedar::Schema> parse_schema(std::string_view text, const std::string& file) {
  auto schema =
      syntax_of(text) == Syntax::kJson ? cedar::Schema::parse_json(text) : cedar::Schema::parse(text);
  if (!schema) return refused("RMT-P007", schema.error(), text, file);
  return std::move(*schema);
}

}  // namespace remit::cli
