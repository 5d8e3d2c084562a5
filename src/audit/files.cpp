#include "audit/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace remit::audit {
namespace {

constexpr std::string_view kTemporary = ".XXXXXX";  // mkostemp(3)

std::unexpected<Error> io_error(const std::filesystem::path& path, const char* what) {
  return fail(
      ErrorKind::kInternal, "RMT-A021",
      std::string("cannot ") + what + " `" + path.string() + "`: " + std::system_category().message(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  // Closes and says whether that went well: some file systems report a failed write only here.
  bool close() { return ::close(std::exchange(value_, -1)) == 0; }

 private:
  int value_;
};

// Makes `folder` and what is missing above it, each entry durable in its parent.
Result<void> make_folders(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> missing;
  std::error_code ignored;
  for (auto path = folder; path.has_relative_path() && !std::filesystem::is_directory(path, ignored);
       path = path.parent_path())
    missing.push_back(path);
  for (auto path = missing.rbegin(); path != missing.rend(); ++path) {
    if (::mkdir(path->c_str(), 0755) != 0 && errno != EEXIST) return io_error(*path, "make the folder");
    TRY(sync_folder(path->parent_path()));
  }
  return {};
}

}  // namespace

Result<void> sync_folder(const std::filesystem::path& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.get() < 0 || ::fsync(descriptor.get()) != 0) return io_error(folder, "sync the folder");
  return {};
}

Result<void> write_durable(const std::filesystem::path& path, BytesView bytes, mode_t mode) {
  const auto file = std::filesystem::absolute(path);
  TRY(make_folders(file.parent_path()));
  std::string temporary = file.string() + std::string(kTemporary);
  Descriptor descriptor(::mkostemp(temporary.data(), O_CLOEXEC));
  if (descriptor.get() < 0) return io_error(temporary, "make");
  const auto abandon = [&](const char* what) {
    auto error = io_error(temporary, what);
    ::unlink(temporary.c_str());
    return error;
  };
  for (BytesView rest = bytes; !rest.empty();) {
    const auto written = ::write(descriptor.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return abandon("write");
    rest = rest.subspan(static_cast<std::size_t>(written));
  }
  if (::fchmod(descriptor.get(), mode) != 0 || ::fsync(descriptor.get()) != 0) return abandon("sync");
  if (!descriptor.close()) return abandon("close");
  if (::rename(temporary.c_str(), file.c_str()) != 0) return abandon("rename");
  return sync_folder(file.parent_path());
}

std::optional<std::filesystem::path> half_written(const std::filesystem::path& name) {
  const auto text = name.string();
  const auto added = text.size() < kTemporary.size()
                         ? std::string_view()
                         : std::string_view(text).substr(text.size() - kTemporary.size());
  // What mkostemp puts in the place of an X.
  const auto random = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  if (added.empty() || added[0] != '.' || !std::ranges::all_of(added.substr(1), random)) return std::nullopt;
  return std::filesystem::path(text.substr(0, text.size() - added.size()));
}

void remove_half_written(const std::filesystem::path& file) {
  std::vector<std::filesystem::path> left_over;
  std::error_code ec;
  for (std::filesystem::directory_iterator one(file.parent_path(), ec), end; !ec && one != end;
       one.increment(ec)) {
    if (half_written(one->path()) == file) left_over.push_back(one->path());
  }
  for (const auto& path : left_over) std::filesystem::remove(path, ec);
}

Result<std::optional<Bytes>> read_file(const std::filesystem::path& file, std::size_t limit) {
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    return io_error(file, "read");
  }
  struct stat status{};
  if (::fstat(descriptor.get(), &status) != 0) return io_error(file, "read");
  if (!S_ISREG(status.st_mode) || static_cast<std::size_t>(status.st_size) > limit) {
    errno = EFBIG;
    return io_error(file, "read");
  }
  Bytes bytes(static_cast<std::size_t>(status.st_size));
  std::size_t have = 0;
  while (have < bytes.size()) {
    const auto count = ::read(descriptor.get(), bytes.data() + have, bytes.size() - have);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return io_error(file, "read");
    if (count == 0) break;
    have += static_cast<std::size_t>(count);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace remit::audit
