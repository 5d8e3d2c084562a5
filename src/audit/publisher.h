// Publisher: makes the log's folder from its rows: entry bundles, tiles, and the signed checkpoint (C2SP
// tlog-tiles).
//
// Order, each step durable before the next: entries, tiles, the signer's state, the published checkpoint. The
// state is a file of its own, to be kept apart from the log's folder and from its backup: it holds the last
// checkpoint that was signed, and nothing is signed that does not extend it.
//
// The rows are the truth. At the opening all of them are hashed again (about a second for a million): a log
// that is behind the last signed state, or differs from it, is refused before any file is touched; files that
// are missing or damaged are written anew.
//
// Threads: one at a time.

#pragma once

#include <filesystem>
#include <memory>

#include "audit/checkpoint.h"
#include "audit/note.h"
#include "audit/tile_builder.h"
#include "store/store.h"

namespace remit::audit {

// Reads the log's key, or makes it with the file (mode 0600) and the verifier key beside it
// ("<file>.pub", mode 0644). The origin is the key's name and the log's.
// Errors: kInvalid RMT-A022 (readable by others, of another origin, or malformed), RMT-A002 (origin),
// RMT-A021.
Result<SigningKey> open_signing_key(const std::filesystem::path& file, std::string_view origin,
                                    Random& random);

class Publisher {
 public:
  struct Options {
    std::filesystem::path folder;  // made where it is missing
    std::filesystem::path state;   // the file of the last signed checkpoint
  };

  // Errors: kConflict RMT-A020 (the rows do not extend the last signed state), kForbidden RMT-A003 (the state
  // is not signed by this key), kInternal RMT-A021, those of the store.
  static Result<std::unique_ptr<Publisher>> open(store::Store& store, SigningKey key, Options options);

  // Publishes every row that is durable now, and gives the checkpoint that covers it. Does nothing where
  // there is nothing new. After an error the next call goes on where it stopped. Errors: as open.
  Result<Checkpoint> publish();

  const Checkpoint& published() const { return *published_; }
  const VerifierKey& verifier() const { return key_.verifier(); }

 private:
  Publisher(store::Store& store, SigningKey key, Options options)
      : store_(store), key_(std::move(key)), options_(std::move(options)) {}
  Result<void> start();
  Result<TreeHead> signed_head() const;
  Result<void> for_each_row(std::uint64_t first, std::uint64_t end,
                            const std::function<Result<void>(BytesView)>& work);
  Result<void> check_extends(const TreeHead& signed_before);
  Result<void> write(const TileFile& file);
  Result<void> sign(const TreeHead& head);

  store::Store& store_;
  SigningKey key_;
  Options options_;
  TileBuilder builder_;
  TreeHead signed_;
  std::optional<Checkpoint> published_;  // always there once it is open
};

}  // namespace remit::audit
