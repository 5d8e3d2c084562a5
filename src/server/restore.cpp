#include "server/restore.h"

#include <fmt/format.h>

#include <fstream>
#include <tuple>

#include "audit/files.h"
#include "audit/publisher.h"
#include "server/backup.h"
#include "server/cautions.h"
#include "server/key_files.h"
#include "server/plane.h"
#include "store/lock_file.h"

namespace remit::server {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> cannot(const fs::path& path, const std::error_code& why) {
  return fail(ErrorKind::kUnavailable, "RMT-X020",
              fmt::format("{} cannot be put in place: {}", path.string(), why.message()));
}

// What takes part in the exchange, in its order.
std::vector<fs::path> exchanged(const DataFolder& folder, const fs::path& audit_folder) {
  return {audit_folder,
          folder.audit_checkpoint(),
          folder.audit_key(),
          folder.audit_public_key(),
          folder.store().string() + "-wal",
          folder.store().string() + "-shm",
          folder.store()};
}

class Restoring {
 public:
  Restoring(const Config& config, const Clock& clock, Random& random)
      : folder_(config.data),
        audit_folder_(config.audit_folder.empty() ? folder_.audit() : config.audit_folder),
        fresh_(folder_.restoring() / "new"),
        clock_(clock),
        random_(random) {}

  // Makes everything ready; nothing that is in place is touched.
  Result<Restored> prepare(const RestoreOptions& options) {
    TRY(KeyFiles::require(folder_));
    std::error_code ec;
    fs::remove_all(folder_.restoring(), ec);
    fs::create_directories(fresh_, ec);
    if (ec) return cannot(fresh_, ec);
    fs::permissions(folder_.restoring(), fs::perms::owner_all, ec);
    TRY(copy_store(options.backup));
    ASSIGN_OR_RETURN(auto key, audit::open_signing_key(folder_.audit_key()));
    ASSIGN_OR_RETURN(const auto store, store::Store::open({.file = fresh_ / "remit.db",
                                                           .migrations = plane_migrations(),
                                                           .governs = is_governed,
                                                           .judge_governed = audit::judge_governed}));
    ASSIGN_OR_RETURN(auto recovery, audit::recover(*store, {.key = key.verifier(),
                                                            .folder = audit_folder_,
                                                            .state = folder_.audit_checkpoint(),
                                                            .checkpoints = options.checkpoints}));
    if (!recovery.same_log) {
      ASSIGN_OR_RETURN(key, make_next_key(key.verifier().name));
    }
    TRY(store->run([&](store::Transaction& tx) -> Result<void> {
      TRY(tx.execute("UPDATE plane_key SET fingerprint = ? WHERE file = ?",
                     {key.verifier().text(), folder_.audit_key().filename().string()}));
      return raise_caution(
          tx,
          {.kind = "restore",
           .since = clock_.now(),
           .what = fmt::format("the store was put back: what is governed is as it was at entry {} of the log",
                               recovery.store)});
    }));
    TRY(KeyFiles::check(folder_, key.verifier(), *store, random_));
    return Restored{.recovery = std::move(recovery), .log_key = key.verifier().text(), .kept = {}};
  }

  Result<void> mark_ready() {
    const auto kept = folder_.root / fmt::format("before-restore-{}", to_seconds(clock_.now()));
    return audit::write_durable(folder_.restoring() / "ready", as_bytes(kept.string()), 0600);
  }

  // From here on there is no way back but forward.
  Result<fs::path> exchange() {
    ASSIGN_OR_RETURN(const auto text, audit::read_file(folder_.restoring() / "ready"));
    fs::path kept(std::string(as_text(*text)));
    std::error_code ec;
    fs::create_directories(kept, ec);
    if (ec) return cannot(kept, ec);
    // The log goes on in its folder where it is the same one; another log begins in an empty one.
    const bool same_log = !fs::exists(fresh_ / folder_.audit_key().filename(), ec) &&
                          !fs::exists(kept / folder_.audit_key().filename(), ec);
    for (const auto& file : exchanged(folder_, audit_folder_)) {
      const bool of_the_log = file == audit_folder_ || file == folder_.audit_checkpoint() ||
                              file == folder_.audit_key() || file == folder_.audit_public_key();
      if (same_log && of_the_log) continue;
      TRY(exchange(file, kept));
    }
    fs::remove_all(folder_.restoring(), ec);
    return kept;
  }

 private:
  // What was there moves aside once: what stands there when its successor has been moved is the successor.
  Result<void> exchange(const fs::path& file, const fs::path& kept) {
    std::error_code ec;
    const bool in_root = file.parent_path() == folder_.root;
    const fs::path aside =
        in_root ? kept / file.filename() : fs::path(file.string() + "." + kept.filename().string());
    const auto made = fresh_ / file.filename();
    const bool is_made = fs::exists(made, ec);
    const bool has_successor = file == folder_.store() || file == folder_.audit_checkpoint() ||
                               file == folder_.audit_key() || file == folder_.audit_public_key();
    if (fs::exists(file, ec) && !fs::exists(aside, ec) && (is_made || !has_successor)) {
      fs::rename(file, aside, ec);
      if (ec) return cannot(aside, ec);
      TRY(audit::sync_folder(aside.parent_path()));
    }
    if (is_made) {
      fs::rename(made, file, ec);
      if (ec) return cannot(file, ec);
    }
    return audit::sync_folder(file.parent_path());
  }

  Result<void> copy_store(const fs::path& backup) {
    std::error_code ec;
    auto from = folder_.store();
    if (!backup.empty()) {
      TRY(read_backup(backup));
      from = Backup::store_in(backup);
    }
    for (const auto* suffix : {"", "-wal"}) {
      const fs::path source = from.string() + suffix;
      if (*suffix != '\0' && !fs::exists(source, ec)) continue;
      fs::copy_file(source, fresh_ / ("remit.db" + std::string(suffix)), ec);
      if (ec) return cannot(source, ec);
      fs::permissions(fresh_ / ("remit.db" + std::string(suffix)),
                      fs::perms::owner_read | fs::perms::owner_write, ec);
    }
    return {};
  }

  // The next log's key: "origin/2" after "origin", and a state that it has signed nothing yet.
  Result<audit::SigningKey> make_next_key(const std::string& origin) {
    auto base = origin;
    unsigned number = 1;
    if (const auto slash = origin.rfind('/'); slash != std::string::npos) {
      const auto last = std::string_view(origin).substr(slash + 1);
      if (!last.empty() && last.size() < 6 &&
          last.find_first_not_of("0123456789") == std::string_view::npos) {
        number = static_cast<unsigned>(std::stoul(std::string(last)));
        base = origin.substr(0, slash);
      }
    }
    ASSIGN_OR_RETURN(auto key, audit::make_signing_key(fresh_ / folder_.audit_key().filename(),
                                                       fmt::format("{}/{}", base, number + 1), random_));
    const std::string text = key.verifier().text() + "\n";
    TRY(audit::write_durable(fresh_ / folder_.audit_public_key().filename(), as_bytes(text)));
    const audit::Checkpoint nothing{.origin = key.verifier().name, .head = {0, audit::empty_root()}};
    ASSIGN_OR_RETURN(const auto note, key.sign(nothing.text()));
    TRY(audit::write_durable(fresh_ / folder_.audit_checkpoint().filename(), as_bytes(note), 0600));
    return key;
  }

  const DataFolder folder_;
  const fs::path audit_folder_;
  const fs::path fresh_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace

Result<Restored> restore(const Config& config, const RestoreOptions& options, const Clock& clock,
                         Random& random) {
  const DataFolder folder(config.data);
  TRY(folder.make_ready());
  ASSIGN_OR_RETURN(const auto lock, store::LockFile::take(folder.store().string() + ".lock"));
  Restoring restoring(config, clock, random);
  Restored restored;
  std::error_code ec;
  if (!fs::exists(folder.restoring() / "ready", ec)) {
    auto prepared = restoring.prepare(options);
    if (!prepared) fs::remove_all(folder.restoring(), ec);
    ASSIGN_OR_RETURN(restored, std::move(prepared));
    TRY(restoring.mark_ready());
  }
  ASSIGN_OR_RETURN(restored.kept, restoring.exchange());
  return restored;
}

}  // namespace remit::server
