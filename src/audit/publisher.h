// Publisher: makes the log's folder from its rows: entry bundles, tiles, and the signed checkpoint (C2SP
// tlog-tiles).
//
// Order, each step durable before the next: entries, tiles, the signer's state, the published checkpoint. The
// state is a file of its own, to be kept apart from the log's folder and from its backup: it holds the last
// checkpoint that was signed, and nothing is signed that does not extend it.
//
// The rows are the truth, and no history is signed twice: at the opening they are held against the state, the
// published checkpoint and the published entries. Rows that are behind one of these, or differ, are refused.
// All of them are hashed again for that (about a second for a million). The opening writes nothing, but for
// the state of a new log.
//
// The first publication makes anew what is missing or damaged in the folder, and removes what a log has no
// use for. A partial file goes one checkpoint after the one that needed it: who has read that finds it still.
//
// Threads: one at a time.

#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "audit/checkpoint.h"
#include "audit/folder.h"
#include "audit/note.h"
#include "audit/tile_builder.h"
#include "store/store.h"

namespace remit::audit {

// Reads the log's key. Errors: kNotFound RMT-A013 (there is no file), kInvalid RMT-A022 (readable by others,
// or malformed), RMT-A021.
Result<SigningKey> open_signing_key(const std::filesystem::path& file);
// Makes a key with its file (mode 0600). The origin is the key's name and the log's. Errors: kInvalid
// RMT-A002 (origin), kConflict RMT-A022 (there is a file), RMT-A021.
Result<SigningKey> make_signing_key(const std::filesystem::path& file, std::string_view origin,
                                    Random& random);

class Publisher {
 public:
  struct Options {
    std::filesystem::path folder;  // made where it is missing
    std::filesystem::path state;   // the file of the last signed checkpoint
  };

  // Errors: kConflict RMT-A020 (the rows do not extend what was signed or published), RMT-A024 (check_tail),
  // kNotFound RMT-A023 (the state of a log that has entries is missing), kForbidden RMT-A003 (the state is
  // not signed by this key), kInternal RMT-A021, those of the store.
  static Result<std::unique_ptr<Publisher>> open(store::Store& store, SigningKey key, Options options);

  // Publishes every row that is durable now, and gives the checkpoint that covers it. Does nothing where
  // there is nothing new. After an error the next call goes on where it stopped. Errors: as open.
  Result<Checkpoint> publish();

  // The last checkpoint of this publisher; there is none before its first publication.
  const std::optional<Checkpoint>& published() const { return published_; }
  const VerifierKey& verifier() const { return key_.verifier(); }

 private:
  Publisher(store::Store& store, SigningKey key, Options options)
      : store_(store), key_(std::move(key)), options_(std::move(options)) {}
  Result<void> start();
  Result<std::optional<TreeHead>> state() const;
  Result<std::optional<TreeHead>> published_before() const;
  Result<std::uint64_t> rows() const;
  Result<void> for_each_row(std::uint64_t first, std::uint64_t end,
                            const std::function<Result<void>(BytesView)>& work);
  Result<void> check_extends(const TreeHead& head, std::string_view where, std::uint64_t rows);
  Result<void> check_published_entries(std::uint64_t rows);
  Result<void> check_bundle(const FolderFile& file, std::uint64_t rows);
  Result<void> write(const TileFile& file);
  Result<void> sign(const TreeHead& head);
  Result<void> write_state(const Checkpoint& checkpoint, std::string& note);
  Result<void> tidy();
  Result<bool> was_needed(const FolderFile& file) const;
  void remove(const std::string& path);

  store::Store& store_;
  SigningKey key_;
  Options options_;
  TileBuilder builder_;
  TreeHead state_;                  // in the state file
  TreeHead signed_;                 // the larger of that and what was published
  std::optional<TreeHead> before_;  // published before this start
  std::optional<Checkpoint> published_;
  std::set<std::string> partial_;  // files of the last checkpoint
  std::set<std::string> older_;    // those that only the one before it needed
};

}  // namespace remit::audit
