#include <sys/stat.h>

#include "audit/files.h"
#include "audit/publisher.h"

namespace remit::audit {
namespace {

std::unexpected<Error> refuse(const std::filesystem::path& file, const char* why) {
  return fail(ErrorKind::kInvalid, "RMT-A022", "the log's key `" + file.string() + "` " + why);
}

// The file's text without its final newline.
Secret text_of(const Bytes& bytes) {
  std::string_view text = as_text(bytes);
  if (text.ends_with('\n')) text.remove_suffix(1);
  return Secret(std::string(text));
}

}  // namespace

Result<SigningKey> open_signing_key(const std::filesystem::path& file) {
  ASSIGN_OR_RETURN(const auto bytes, read_file(file, 4096));
  if (!bytes) return fail(ErrorKind::kNotFound, "RMT-A013", "there is no file `" + file.string() + "`");
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0 || (status.st_mode & 077) != 0)
    return refuse(file, "can be read by others");
  auto key = SigningKey::parse(text_of(*bytes));
  if (!key) return refuse(file, "is malformed");
  return key;
}

Result<SigningKey> make_signing_key(const std::filesystem::path& file, std::string_view origin,
                                    Random& random) {
  std::error_code ec;
  if (std::filesystem::exists(file, ec))
    return fail(ErrorKind::kConflict, "RMT-A022", "the log's key `" + file.string() + "` is there already");
  ASSIGN_OR_RETURN(auto key, SigningKey::make(origin, random));
  const std::string text = std::string(key.text().reveal()) + "\n";
  TRY(write_durable(file, as_bytes(text), 0600));
  return key;
}

}  // namespace remit::audit
