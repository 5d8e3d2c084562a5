#include "server/backup.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <boost/json/serialize.hpp>
#include <fstream>
#include <vector>

#include "audit/files.h"
#include "audit/log.h"
#include "base/canonical_json.h"

namespace remit::server {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::string_view kManifest = "backup.json";
constexpr std::size_t kPiece = std::size_t{1} << 20U;

std::unexpected<Error> cannot(const fs::path& path, std::string_view why) {
  return fail(ErrorKind::kUnavailable, "RMT-X020", fmt::format("{} cannot be used: {}", path.string(), why));
}

Result<void> make_room(const fs::path& folder) {
  std::error_code ec;
  if (fs::exists(folder / kManifest, ec))
    return fail(ErrorKind::kConflict, "RMT-X030", fmt::format("{} holds a backup already", folder.string()));
  for (fs::directory_iterator one(folder, ec), end; !ec && one != end; one.increment(ec)) {
    const auto name = one->path().filename().string();
    if (!name.starts_with("remit.db") && !name.starts_with(kManifest))
      return fail(ErrorKind::kConflict, "RMT-X030",
                  fmt::format("{} holds {}, which is no backup's", folder.string(), name));
  }
  fs::create_directories(folder, ec);
  if (ec) return cannot(folder, ec.message());
  if (::chmod(folder.c_str(), 0700) != 0) return cannot(folder, std::generic_category().message(errno));
  for (const auto* left_over : {"remit.db", "remit.db-journal", "remit.db-wal"})
    fs::remove(folder / left_over, ec);
  return {};
}

Result<Digest> digest_of_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorKind::kNotFound, "RMT-X031", fmt::format("{} cannot be read", file.string()));
  Sha256 digest;
  std::vector<char> piece(kPiece);
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0)
    digest.add(as_bytes(std::string_view(piece.data(), static_cast<std::size_t>(in.gcount()))));
  if (in.bad()) return cannot(file, "it cannot be read to its end");
  return digest.finish();
}

}  // namespace

json::object Backup::json() const {
  return {{"version", version},   {"made", format_instant(made)}, {"log", log},
          {"revision", revision}, {"entries", entries},           {"store", store.hex()}};
}

Result<Backup> make_backup(store::Store& store, const fs::path& folder, std::string version, std::string log,
                           Instant now) {
  if (!folder.is_absolute())
    return fail(ErrorKind::kInvalid, "RMT-X012", fmt::format("{} is not an absolute path", folder.string()));
  TRY(make_room(folder));
  const auto copy = Backup::store_in(folder);
  TRY(store.copy_to(copy));
  Backup backup;
  backup.version = std::move(version);
  backup.made = now;
  backup.log = std::move(log);
  TRY(store::Store::look_at(copy, [&](store::Reader& reader) -> Result<void> {
    ASSIGN_OR_RETURN(const auto revision, reader.query("SELECT revision FROM store_revision"));
    if (revision.size() != 1) return fail(ErrorKind::kInternal, "RMT-S003", "the copy has no revision");
    backup.revision = revision.front().integer(0);
    ASSIGN_OR_RETURN(backup.entries, audit::log_size(reader));
    return {};
  }));
  ASSIGN_OR_RETURN(backup.store, digest_of_file(copy));
  const std::string text = json::serialize(backup.json()) + "\n";
  TRY(audit::write_durable(folder / kManifest, as_bytes(text), 0600));
  return backup;
}

Result<Backup> read_backup(const fs::path& folder) {
  ASSIGN_OR_RETURN(const auto bytes, audit::read_file(folder / kManifest, 65'536));
  if (!bytes)
    return fail(
        ErrorKind::kNotFound, "RMT-X031",
        fmt::format("{} has no {}: it is no backup, or one that was broken off", folder.string(), kManifest));
  const auto malformed = [&] {
    return fail(ErrorKind::kInvalid, "RMT-X032",
                fmt::format("{} is malformed", (folder / kManifest).string()));
  };
  const auto value = parse_json(as_text(*bytes));
  const auto* object = value ? value->if_object() : nullptr;
  if (object == nullptr) return malformed();
  const auto text = [&](std::string_view name) {
    const auto* member = object->if_contains(name);
    return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
  };
  const auto number = [&](std::string_view name) {
    const auto* member = object->if_contains(name);
    return member != nullptr && member->is_int64() ? member->get_int64() : -1;
  };
  const auto made = parse_instant(text("made"));
  const auto digest = digest_from_hex(text("store"));
  if (!made || !digest || number("revision") < 0 || number("entries") < 0) return malformed();
  Backup backup{.version = text("version"),
                .made = *made,
                .log = text("log"),
                .revision = number("revision"),
                .entries = static_cast<std::uint64_t>(number("entries")),
                .store = *digest};
  ASSIGN_OR_RETURN(const auto found, digest_of_file(Backup::store_in(folder)));
  if (found != backup.store)
    return fail(ErrorKind::kInvalid, "RMT-X032",
                fmt::format("{} is not the store that was copied", Backup::store_in(folder).string()));
  return backup;
}

}  // namespace remit::server
