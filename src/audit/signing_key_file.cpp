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

Result<SigningKey> open_signing_key(const std::filesystem::path& file, std::string_view origin,
                                    Random& random) {
  ASSIGN_OR_RETURN(const auto bytes, read_file(file, 4096));
  if (bytes) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0 || (status.st_mode & 077) != 0)
      return refuse(file, "can be read by others");
    auto key = SigningKey::parse(text_of(*bytes));
    if (!key) return refuse(file, "is malformed");
    if (key->verifier().name != origin) return refuse(file, "is of another log");
    return key;
  }
  ASSIGN_OR_RETURN(auto key, SigningKey::make(origin, random));
  const std::string text = std::string(key.text().reveal()) + "\n";
  TRY(write_durable(file, as_bytes(text), 0600));
  const std::string verifier = key.verifier().text() + "\n";
  TRY(write_durable(file.string() + ".pub", as_bytes(verifier)));
  return key;
}

}  // namespace remit::audit
