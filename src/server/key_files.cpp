#include "server/key_files.h"

#include <fmt/format.h>

#include <map>

#include "audit/files.h"
#include "audit/log.h"
#include "audit/publisher.h"
#include "issuer/key_file.h"

namespace remit::server {
namespace {

namespace fs = std::filesystem;

// What a key file is recognised by: the log's verifier key, an issuer key's thumbprint, the vault key's
// fingerprint.
constexpr std::string_view kKeyTable =
    "CREATE TABLE plane_key (file TEXT PRIMARY KEY, fingerprint TEXT NOT NULL);";

using Record = std::map<std::string, std::string>;  // by file name

std::string name_of(const fs::path& file) { return file.filename().string(); }

bool is_there(const fs::path& file) {
  std::error_code ec;
  return fs::exists(file, ec);
}

struct Known {
  Record record;
  bool begun = false;  // the log has entries
};

Result<Known> read_known(store::Store& store) {
  Known known;
  TRY(store.read([&](store::Reader& reader) -> Result<void> {
    ASSIGN_OR_RETURN(const auto rows, reader.query("SELECT file, fingerprint FROM plane_key"));
    for (const auto& row : rows) known.record.emplace(row.text(0), row.text(1));
    ASSIGN_OR_RETURN(const auto entries, audit::log_size(reader));
    known.begun = entries > 0;
    return {};
  }));
  return known;
}

template <typename Key, typename Open, typename Make>
Result<Key> open_or_make(const fs::path& file, bool may_make, Open open, Make make) {
  return may_make && !is_there(file) ? make() : open();
}

Result<issuer::KeyRing> issuer_ring(const fs::path& file, bool may_make, Random& random) {
  ASSIGN_OR_RETURN(auto key,
                   open_or_make<jose::PrivateKey>(
                       file, may_make,
                       [&]() -> Result<jose::PrivateKey> {
                         ASSIGN_OR_RETURN(auto found, issuer::read_key_file(file));
                         return std::move(found.key);
                       },
                       [&] { return issuer::make_key_file(file, jose::Algorithm::kEs256, random); }));
  return issuer::KeyRing::of(std::move(key));
}

// The file of the verifier key holds what belongs to the log's key.
Result<void> check_public_key(const fs::path& file, const audit::VerifierKey& key, bool may_make) {
  const std::string right = key.text() + "\n";
  ASSIGN_OR_RETURN(const auto bytes, audit::read_file(file, 4096));
  if (bytes && as_text(*bytes) == right) return {};
  if (may_make) return audit::write_durable(file, as_bytes(right));
  return fail(ErrorKind::kConflict, "RMT-X024",
              fmt::format("{} is not the public key of audit.key beside it", file.string()),
              "Take both files from the same backup.");
}

// A store of before there was a record: its sealed secrets tell whose key the vault's is.
Result<void> check_vault_opens(store::Store& store, const catalog::Vault& vault, const fs::path& file) {
  return store.read([&](store::Reader& reader) -> Result<void> {
    ASSIGN_OR_RETURN(const auto rows,
                     reader.query("SELECT destination, slot, id, box FROM destination_secret"));
    for (const auto& row : rows)
      if (!vault.unseal(DestinationId::trusted(row.text(0)),
                        {SecretId::trusted(row.text(2)), row.text(1), row.blob(3)}))
        return fail(ErrorKind::kConflict, "RMT-X024",
                    fmt::format("{} does not open the secrets in the store", file.string()));
    return {};
  });
}

Record record_of(const DataFolder& folder, const audit::VerifierKey& log, const catalog::Vault& vault,
                 const std::vector<issuer::KeyRing>& issuers) {
  Record record{{name_of(folder.audit_key()), log.text()},
                {name_of(folder.vault_key()), vault.fingerprint().hex()}};
  for (const auto environment : kEnvironments)
    record.emplace(name_of(folder.issuer_key(to_string(environment))),
                   issuers.at(static_cast<std::size_t>(environment)).current.public_key().thumbprint());
  return record;
}

Result<std::vector<issuer::KeyRing>> issuer_rings(const DataFolder& folder, bool may_make, Random& random) {
  std::vector<issuer::KeyRing> rings;
  for (const auto environment : kEnvironments) {
    ASSIGN_OR_RETURN(auto ring, issuer_ring(folder.issuer_key(to_string(environment)), may_make, random));
    rings.push_back(std::move(ring));
  }
  return rings;
}

fs::path next_of(const fs::path& file) { return file.string() + ".next"; }

// Rotations that a kill has broken off: the new key is put in its place where the store knows it, else it
// goes. One that cannot be read stays: it may be the only copy of the key that counts.
void end_rotations(const DataFolder& folder, const Record& record) {
  std::error_code ignored;
  for (const auto environment : kEnvironments) {
    const auto file = folder.issuer_key(to_string(environment));
    const auto next = issuer::read_key_file(next_of(file));
    if (!next) continue;
    const auto kept = record.find(name_of(file));
    if (kept != record.end() && next->key.public_key().thumbprint() == kept->second)
      fs::rename(next_of(file), file, ignored);
    else
      fs::remove(next_of(file), ignored);
  }
}

Result<void> check_record(const DataFolder& folder, const Record& kept, const Record& found) {
  for (const auto& [file, fingerprint] : kept) {
    const auto now = found.find(file);
    if (now != found.end() && now->second == fingerprint) continue;
    return fail(
        ErrorKind::kConflict, "RMT-X024",
        fmt::format("{} holds another key than this store was used with", (folder.root / file).string()),
        fmt::format("Take {} from the backup of the keys of this plane.", file));
  }
  return {};
}

Result<void> write_record(store::Store& store, const Record& record) {
  return store.run([&](store::Transaction& tx) -> Result<void> {
    for (const auto& [file, fingerprint] : record)
      TRY(tx.execute("INSERT INTO plane_key (file, fingerprint) VALUES (?, ?)", {file, fingerprint}));
    return {};
  });
}

}  // namespace

std::vector<store::Migration> key_migrations() { return {{600, "plane_key", kKeyTable}}; }

Result<void> KeyFiles::require(const DataFolder& folder) {
  std::string missing;
  for (const auto& file : folder.key_files())
    if (!is_there(file)) missing += (missing.empty() ? "" : ", ") + name_of(file);
  if (missing.empty()) return {};
  return fail(
      ErrorKind::kNotFound, "RMT-X023", fmt::format("missing in {}: {}", folder.root.string(), missing),
      fmt::format("Take {} from the backup of the keys and start again; no key is made in place of one "
                  "that was lost.",
                  missing));
}

Result<KeyFiles> KeyFiles::open(const DataFolder& folder, std::string_view origin, store::Store& store,
                                Random& random) {
  ASSIGN_OR_RETURN(const auto known, read_known(store));
  const bool fresh = known.record.empty() && !known.begun;
  end_rotations(folder, known.record);
  if (!fresh) TRY(require(folder));
  ASSIGN_OR_RETURN(auto log,
                   open_or_make<audit::SigningKey>(
                       folder.audit_key(), fresh, [&] { return audit::open_signing_key(folder.audit_key()); },
                       [&] { return audit::make_signing_key(folder.audit_key(), origin, random); }));
  ASSIGN_OR_RETURN(auto vault, open_or_make<catalog::Vault>(
                                   folder.vault_key(), fresh,
                                   [&] { return catalog::Vault::open(folder.vault_key(), random); },
                                   [&] { return catalog::Vault::make(folder.vault_key(), random); }));
  TRY(check_public_key(folder.audit_public_key(), log.verifier(), fresh));
  ASSIGN_OR_RETURN(auto issuers, issuer_rings(folder, fresh, random));
  const auto found = record_of(folder, log.verifier(), vault, issuers);
  TRY(check_record(folder, known.record, found));
  if (known.record.empty()) {
    TRY(check_vault_opens(store, vault, folder.vault_key()));
    TRY(write_record(store, found));
  }
  return KeyFiles{.log = std::move(log), .vault = std::move(vault), .issuers = std::move(issuers)};
}

Result<std::string> KeyFiles::rotate_issuer(const DataFolder& folder, Environment environment,
                                            store::Transaction& tx, audit::Log& log,
                                            audit::GovernanceEvent event, Random& random) {
  const auto file = folder.issuer_key(to_string(environment));
  std::error_code ignored;
  fs::remove(next_of(file), ignored);
  ASSIGN_OR_RETURN(const auto key, issuer::make_key_file(next_of(file), jose::Algorithm::kEs256, random));
  auto thumbprint = key.public_key().thumbprint();
  TRY(tx.execute("UPDATE plane_key SET fingerprint = ? WHERE file = ?", {thumbprint, name_of(file)}));
  event.detail = {{"environment", to_string(environment)}, {"key", thumbprint}};
  TRY(log.append_governance(tx, event));
  TRY(tx.next_revision());
  tx.when_durable([file] {
    std::error_code stays;  // for the next start
    fs::rename(next_of(file), file, stays);
  });
  return thumbprint;
}

Result<void> KeyFiles::check(const DataFolder& folder, const audit::VerifierKey& log, store::Store& store,
                             Random& random) {
  ASSIGN_OR_RETURN(const auto known, read_known(store));
  TRY(require(folder));
  ASSIGN_OR_RETURN(const auto vault, catalog::Vault::open(folder.vault_key(), random));
  ASSIGN_OR_RETURN(const auto issuers, issuer_rings(folder, false, random));
  TRY(check_record(folder, known.record, record_of(folder, log, vault, issuers)));
  return check_vault_opens(store, vault, folder.vault_key());
}

}  // namespace remit::server
