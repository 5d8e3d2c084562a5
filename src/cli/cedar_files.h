// Policies and schemas that a command is given as files, in either syntax, and what is said where they cannot
// be used. Needs no server and no data.

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cedar/cedar.h"

namespace remit::cli {

enum class Syntax : std::uint8_t { kCedar, kJson };

// By what it begins with: Cedar text begins with no brace or bracket, and JSON of policies with nothing else.
Syntax syntax_of(std::string_view text);

// Errors: RMT-P001, every diagnostic with its lines; of JSON the place and what is wrong there.
Result<cedar::PolicySet> parse_policies(std::string_view text, const std::string& file);

// As Cedar text, laid out. Text has no ids and no links: ids become comments, and links the static policies
// that they stand for. Errors: RMT-P001.
Result<std::string> to_text(const cedar::PolicySet& policies, const std::string& file);

// Laid out. Errors: RMT-P001.
Result<std::string> formatted(std::string_view text, const std::string& file);

// Errors: RMT-P007, as above.
Result<cedar::Schema> parse_schema(std::string_view text, const std::string& file);

std::unexpected<Error> refused(std::string_view code, const cedar::Diagnostics& diagnostics,
                               std::string_view text, const std::string& file);
std::unexpected<Error> refused(std::string_view code, const cedar::DataError& error, const std::string& file);

}  // namespace remit::cli
