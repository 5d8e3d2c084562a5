#include "issuer/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/canonical_json.h"

namespace remit::issuer {
namespace {

std::unexpected<Error> io_error(const std::filesystem::path& file, std::string_view what) {
  return fail(ErrorKind::kUnavailable, "RMT-J050",
              "the key " + file.string() + " cannot be " + std::string(what) + ": " +
                  std::generic_category().message(errno));
}

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : ".";
}

// Written whole under another name first: a key that was cut off by a crash would lock everyone out.
Result<void> write_key(const std::filesystem::path& file, const Secret& text) {
  const auto fresh = file.string() + ".new";
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return io_error(file, "made");
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

bool is_pem(std::string_view text) { return text.contains("-----BEGIN "); }

// Errors: RMT-J048, RMT-J050.
Result<Secret> read_private(const std::filesystem::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return io_error(file, "read");
  if (!S_ISREG(status.st_mode)) {
    errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
    return io_error(file, "read");
  }
  if ((status.st_mode & 077) != 0)
    return fail(ErrorKind::kForbidden, "RMT-J048", "the key " + file.string() + " can be read by others",
                "Type chmod 600 " + file.string() + "; if others may have read it, make another key.");
  std::ifstream in(file);
  if (!in) return io_error(file, "read");
  return Secret((std::ostringstream() << in.rdbuf()).str());
}

Result<boost::json::object> jwk_of(const std::filesystem::path& file, const Secret& text) {
  auto jwk = parse_json(text.reveal());
  if (jwk && jwk->is_object()) return std::move(jwk->get_object());
  return fail(ErrorKind::kInvalid, "RMT-J049",
              file.string() + " holds no private key: neither a JWK nor PEM");
}

}  // namespace

Result<KeyFile> read_key_file(const std::filesystem::path& file) {
  ASSIGN_OR_RETURN(const auto text, read_private(file));
  const auto no_key = [&](const Error& error) {
    return fail(ErrorKind::kInvalid, "RMT-J049", file.string() + ": " + error.message);
  };
  if (is_pem(text.reveal())) {
    auto key = jose::PrivateKey::from_pem(text.reveal());
    if (!key) return no_key(key.error());
    return KeyFile{.key = *std::move(key)};
  }
  ASSIGN_OR_RETURN(const auto jwk, jwk_of(file, text));
  auto key = jose::PrivateKey::from_jwk(jwk);
  if (!key) return no_key(key.error());
  const auto* client = jwk.if_contains("client_id");
  return KeyFile{
      .key = *std::move(key),
      .client_id = client != nullptr && client->is_string() ? std::string(client->get_string()) : ""};
}

Result<void> name_client(const std::filesystem::path& file, std::string_view client_id) {
  ASSIGN_OR_RETURN(const auto text, read_private(file));
  if (is_pem(text.reveal())) return {};
  ASSIGN_OR_RETURN(auto jwk, jwk_of(file, text));
  jwk["client_id"] = client_id;
  return write_key(file, Secret(boost::json::serialize(jwk)));
}

Result<jose::PrivateKey> make_key_file(const std::filesystem::path& file, jose::Algorithm algorithm,
                                       Random& random) {
  std::error_code ec;
  if (std::filesystem::exists(file, ec))
    return fail(ErrorKind::kConflict, "RMT-J047", file.string() + " is there already");
  const auto key = jose::PrivateKey::generate(algorithm, random);
  TRY(write_key(file, file.extension() == ".pem" ? key.pem() : key.jwk()));
  ASSIGN_OR_RETURN(auto written, read_key_file(file));
  return std::move(written.key);
}

}  // namespace remit::issuer
