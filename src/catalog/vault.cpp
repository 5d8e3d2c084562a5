#include "catalog/vault.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "catalog/aead.h"

namespace remit::catalog {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kKeySize = std::tuple_size_v<AeadKey>;
constexpr std::size_t kKeyTextSize = 2 * kKeySize + 1;  // hex and a line feed
constexpr std::size_t kWrappedSize = kKeySize + kAeadOverhead;

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// A key that leaves no copy behind.
struct KeyBytes : AeadKey {
  KeyBytes() : AeadKey{} {}
  KeyBytes(const KeyBytes&) = delete;
  KeyBytes& operator=(const KeyBytes&) = delete;
  ~KeyBytes() { OPENSSL_cleanse(data(), size()); }
};

void copy_key(BytesView from, AeadKey& to) { std::ranges::copy(from, to.begin()); }

std::unexpected<Error> cannot(const std::filesystem::path& file, std::string_view what) {
  return fail(ErrorKind::kUnavailable, "RMT-C001",
              "the vault's key file `" + file.string() + "` cannot be " + std::string(what) + ": " +
                  std::system_category().message(errno));
}

std::unexpected<Error> unfit(const std::filesystem::path& file, std::string_view why) {
  return fail(ErrorKind::kForbidden, "RMT-C002",
              "the vault's key file `" + file.string() + "` " + std::string(why));
}

Result<Secret> read_key(const std::filesystem::path& file, int descriptor) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) return cannot(file, "read");
  if (!S_ISREG(status.st_mode)) return unfit(file, "is not a plain file");
  if ((status.st_mode & 0077U) != 0) return unfit(file, "can be read by other accounts");
  if (status.st_uid != ::geteuid()) return unfit(file, "belongs to another account");
  std::string text(kKeyTextSize + 1, '\0');
  const ssize_t size = ::read(descriptor, text.data(), text.size());
  if (size < 0) return cannot(file, "read");
  const Secret held(text.substr(0, static_cast<std::size_t>(size)));
  OPENSSL_cleanse(text.data(), text.size());
  if (held.reveal().size() != kKeyTextSize || held.reveal().back() != '\n')
    return unfit(file, "does not hold one key of 64 hexadecimal digits");
  auto key = from_hex(held.reveal().substr(0, 2 * kKeySize));
  if (!key) return unfit(file, "does not hold one key of 64 hexadecimal digits");
  Secret secret{std::string(as_text(*key))};
  OPENSSL_cleanse(key->data(), key->size());
  return secret;
}

// Written whole and synced under its final name: a key that sealed something must survive a power cut.
Result<void> make_key(const std::filesystem::path& file, Random& random) {
  KeyBytes key;
  random.fill(key);
  Secret text(to_hex(key) + "\n");
  const std::filesystem::path part = file.string() + ".part";
  ::unlink(part.c_str());
  {
    const File out(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (out.get() < 0) return cannot(file, "made");
    const auto written = ::write(out.get(), text.reveal().data(), text.reveal().size());
    if (written != static_cast<ssize_t>(text.reveal().size()) || ::fsync(out.get()) != 0)
      return cannot(file, "written");
  }
  // link, not rename: of two processes that make one, the second must not replace the first one's.
  const int linked = ::link(part.c_str(), file.c_str());
  const int why = errno;
  ::unlink(part.c_str());
  errno = why;
  if (linked != 0) return cannot(file, "made");
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const File directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) return cannot(file, "made durable");
  return {};
}

Bytes binding(const DestinationId& destination, const snapshot::SealedSecret& sealed) {
  std::string text = "remit-secret-v1\n" + sealed.id.str() + "\n" + destination.str() + "\n" + sealed.slot;
  return {text.begin(), text.end()};
}

}  // namespace

Result<Vault> Vault::open(const std::filesystem::path& key_file, Random& random) {
  const File in(::open(key_file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (in.get() < 0) return cannot(key_file, "opened");
  ASSIGN_OR_RETURN(auto key, read_key(key_file, in.get()));
  return Vault(std::move(key), random);
}

Result<Vault> Vault::make(const std::filesystem::path& key_file, Random& random) {
  TRY(make_key(key_file, random));
  return open(key_file, random);
}

Digest Vault::fingerprint() const {
  return hmac_sha256(as_bytes(key_.reveal()), as_bytes("remit-vault-key-v1"));
}

snapshot::SealedSecret Vault::seal(const SecretId& id, const DestinationId& destination,
                                   std::string_view slot, const Secret& value) const {
  snapshot::SealedSecret sealed{.id = id, .slot = std::string(slot), .box = {kVersion}};
  const Bytes bound = binding(destination, sealed);
  KeyBytes master;
  copy_key(as_bytes(key_.reveal()), master);
  KeyBytes data_key;
  random_->fill(data_key);
  const Bytes wrapped = aead_seal(master, data_key, bound, *random_);
  const Bytes body = aead_seal(data_key, as_bytes(value.reveal()), bound, *random_);
  sealed.box.insert(sealed.box.end(), wrapped.begin(), wrapped.end());
  sealed.box.insert(sealed.box.end(), body.begin(), body.end());
  return sealed;
}

Result<Secret> Vault::unseal(const DestinationId& destination, const snapshot::SealedSecret& sealed) const {
  const BytesView box = sealed.box;
  if (box.size() < 1 + kWrappedSize || box[0] != kVersion)
    return fail(ErrorKind::kInvalid, "RMT-C003",
                "the sealed secret `" + sealed.id.str() + "` is cut or of another version");
  const Bytes bound = binding(destination, sealed);
  KeyBytes master;
  copy_key(as_bytes(key_.reveal()), master);
  ASSIGN_OR_RETURN(Bytes unwrapped, aead_open(master, box.subspan(1, kWrappedSize), bound));
  KeyBytes data_key;
  copy_key(unwrapped, data_key);
  OPENSSL_cleanse(unwrapped.data(), unwrapped.size());
  ASSIGN_OR_RETURN(Bytes plain, aead_open(data_key, box.subspan(1 + kWrappedSize), bound));
  Secret value{std::string(as_text(plain))};
  OPENSSL_cleanse(plain.data(), plain.size());
  return value;
}

Result<std::vector<OpenedSecret>> Vault::unseal_all(const snapshot::Destination& destination) const {
  std::vector<OpenedSecret> opened;
  for (const auto& sealed : destination.secrets) {
    ASSIGN_OR_RETURN(auto value, unseal(destination.id, sealed));
    opened.push_back({.slot = sealed.slot, .value = std::move(value)});
  }
  return opened;
}

}  // namespace remit::catalog
