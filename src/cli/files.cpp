#include "cli/files.h"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <iostream>
#include <system_error>

namespace remit::cli {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{4} * 1024 * 1024;

}  // namespace

Result<std::string> read_file(const std::filesystem::path& file) {
  std::ifstream opened;
  if (file != "-") {
    errno = 0;
    opened.open(file, std::ios::binary);
    std::error_code ec;
    if (!opened || std::filesystem::is_directory(file, ec))
      return fail(ErrorKind::kNotFound, "RMT-K006",
                  fmt::format("{} cannot be read: {}", file.string(),
                              ec || errno == 0 ? "it is no file" : std::generic_category().message(errno)));
  }
  std::istream& in = file == "-" ? std::cin : opened;
  std::string text(kMaxBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxBytes)
    return fail(ErrorKind::kTooLarge, "RMT-K006", fmt::format("{} is larger than 4 MiB", file.string()));
  return text;
}

Result<Secret> read_secret(const std::filesystem::path& file) {
  ASSIGN_OR_RETURN(auto text, read_file(file));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (text.empty()) return fail(ErrorKind::kInvalid, "RMT-K006", fmt::format("{} is empty", file.string()));
  return Secret(std::move(text));
}

}  // namespace remit::cli
