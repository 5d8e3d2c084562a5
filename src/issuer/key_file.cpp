#include "issuer/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/canonical_json.h"

namespace remit::issuer {
namespace {

std::unexpected<Error> io_error(const std::filesystem::path& file, std::string_view what) {
  return fail(ErrorKind::kUnavailable, "RMT-J042",
              "the key " + file.string() + " cannot be " + std::string(what) + ": " +
                  std::generic_category().message(errno));
}

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : ".";
}

// Written whole under another name first: a key that was cut off by a crash would lock everyone out.
Result<void> write_key(const std::filesystem::path& file, const jose::PrivateKey& key) {
  const auto fresh = file.string() + ".new";
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return io_error(file, "made");
  const Secret text = key.jwk();
  const auto bytes = text.reveal();
  const bool written =
      ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && ::fsync(fd) == 0;
  ::close(fd);
  if (!written || ::rename(fresh.c_str(), file.c_str()) != 0) return io_error(file, "made");
  const int folder = ::open(folder_of(file).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return io_error(file, "made");
  const bool synced = ::fsync(folder) == 0;
  ::close(folder);
  if (!synced) return io_error(file, "made");
  return {};
}

}  // namespace

Result<jose::PrivateKey> read_key_file(const std::filesystem::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return io_error(file, "read");
  if ((status.st_mode & 077) != 0)
    return fail(ErrorKind::kForbidden, "RMT-J040", "the key " + file.string() + " can be read by others");
  std::ifstream in(file);
  if (!in) return io_error(file, "read");
  const Secret text((std::ostringstream() << in.rdbuf()).str());
  const auto jwk = parse_json(text.reveal());
  if (!jwk || !jwk->is_object())
    return fail(ErrorKind::kInvalid, "RMT-J041", file.string() + " holds no private key");
  auto key = jose::PrivateKey::from_jwk(jwk->get_object());
  if (!key) return fail(ErrorKind::kInvalid, "RMT-J041", file.string() + ": " + key.error().message);
  return key;
}

Result<jose::PrivateKey> make_key_file(const std::filesystem::path& file, jose::Algorithm algorithm,
                                       Random& random) {
  std::error_code ec;
  if (std::filesystem::exists(file, ec))
    return fail(ErrorKind::kConflict, "RMT-J047", file.string() + " is there already");
  TRY(write_key(file, jose::PrivateKey::generate(algorithm, random)));
  return read_key_file(file);
}

Result<jose::PrivateKey> open_signing_key(const std::filesystem::path& file, Random& random) {
  std::error_code ec;
  if (std::filesystem::exists(file, ec)) return read_key_file(file);
  return make_key_file(file, jose::Algorithm::kEs256, random);
}

}  // namespace remit::issuer
