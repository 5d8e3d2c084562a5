// Files that a command is given.

#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace remit::cli {

// Of at most 4 MiB. "-" is standard input. Errors: kNotFound or kInvalid RMT-K006.
Result<std::string> read_file(const std::filesystem::path& file);

// The same without the line's end behind it. Errors: RMT-K006.
Result<Secret> read_secret(const std::filesystem::path& file);

}  // namespace remit::cli
