#include "audit/recovery.h"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "audit/files.h"
#include "audit/folder.h"
#include "audit/log.h"
#include "base/canonical_json.h"
#include "store/governed.h"

namespace remit::audit {
namespace {

namespace json = boost::json;

// The entries from `first` on that the folder holds in a row, of whatever bundle has most of them.
Result<std::vector<std::string>> published_entries(const std::filesystem::path& folder, std::uint64_t first) {
  ASSIGN_OR_RETURN(const auto files, files_of(folder));
  std::vector<const FolderFile*> bundles;
  for (const auto& file : files)
    if (file.tile && file.entries && file.tile->index * kTileWidth + file.tile->width > first)
      bundles.push_back(&file);
  const auto key = [](const FolderFile* file) { return std::pair(file->tile->index, file->tile->width); };
  std::ranges::sort(bundles, {}, key);
  std::vector<std::string> entries;
  for (const auto* file : bundles) {
    ASSIGN_OR_RETURN(const auto bytes, read_file(folder / file->path));
    if (!bytes) continue;
    auto index = file->tile->index * kTileWidth;
    if (index > first + entries.size()) break;  // a bundle is missing
    for (const auto entry : split_bundle(*bytes, kTileWidth))
      if (index++ == first + entries.size()) entries.emplace_back(as_text(entry));
  }
  return entries;
}

std::string text_of(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// What entries_about finds an entry by (log.cpp).
store::Value subject_of(const json::object& entry) {
  const auto kind = text_of(entry, "kind");
  auto subject = kind == "clock"        ? kind
                 : kind == "governance" ? text_of(entry, "object")
                                        : text_of(entry, "decision");
  if (subject.empty()) return nullptr;
  return subject;
}

Result<void> insert_entry(store::Transaction& tx, std::uint64_t index, const std::string& text) {
  ASSIGN_OR_RETURN(const auto value, parse_json(text));
  const auto* entry = value.if_object();
  const auto* n = entry != nullptr ? entry->if_contains("n") : nullptr;
  if (n == nullptr || !n->is_int64())
    return fail(ErrorKind::kInvalid, "RMT-A006",
                "entry " + std::to_string(index) + " was not written by Remit");
  ASSIGN_OR_RETURN(const auto time, parse_instant(text_of(*entry, "time")));
  const auto at = static_cast<std::int64_t>(index);
  TRY(tx.execute("INSERT INTO log_entry (idx, writer, n, time, subject, entry) VALUES (?, ?, ?, ?, ?, ?)",
                 {at, text_of(*entry, "writer"), n->get_int64(), to_micros(time), subject_of(*entry), text}));
  const auto kind = text_of(*entry, "kind");
  const auto decision = text_of(*entry, "decision");
  if (kind == "intent") TRY(tx.execute("INSERT INTO log_open (decision, idx) VALUES (?, ?)", {decision, at}));
  if (kind == "outcome") TRY(tx.execute("DELETE FROM log_open WHERE decision = ?", {decision}));
  return {};
}

class Recovering {
 public:
  Recovering(store::Store& store, const RecoverySources& sources) : store_(store), sources_(sources) {}

  Result<Recovery> run() {
    recovery_.log = sources_.key.name;
    TRY(read_heads());
    TRY(read_rows());
    ASSIGN_OR_RETURN(const auto more, published_entries(sources_.folder, recovery_.store));
    for (const auto& entry : more)
      if (const auto value = parse_json(entry);
          value && value->is_object() && text_of(value->get_object(), "kind") == "governance")
        recovery_.undone.push_back(entry);
    recovery_.same_log = all_agree(more) && has_state_;
    if (recovery_.same_log) recovery_.refilled = more.size();
    if (recovery_.known) {
      const auto have = recovery_.store + recovery_.refilled;
      recovery_.missing = recovery_.known->size > have ? recovery_.known->size - have : 0;
    }
    TRY(store_.run([&](store::Transaction& tx) -> Result<void> {
      auto index = recovery_.store;
      if (recovery_.same_log)
        for (const auto& entry : more) TRY(insert_entry(tx, index++, entry));
      ASSIGN_OR_RETURN(const auto told, told_state(tx));
      if (told) TRY(store::set_digest_before(tx, told->digest));
      TRY(tx.execute("DELETE FROM log_restored"));
      TRY(tx.execute("INSERT INTO log_restored (id, body) VALUES (1, ?)",
                     {json::serialize(recovery_.told())}));
      return {};
    }));
    return recovery_;
  }

 private:
  Result<void> read_head(std::string_view note) {
    ASSIGN_OR_RETURN(const auto checkpoint, verify_checkpoint(note, sources_.key));
    heads_.push_back(checkpoint.checkpoint.head);
    return {};
  }

  // A state that is damaged counts as none; so does a published checkpoint, which anyone may have written.
  Result<void> read_heads() {
    ASSIGN_OR_RETURN(const auto state, read_file(sources_.state, kMaxNoteBytes));
    has_state_ = state && read_head(as_text(*state));
    ASSIGN_OR_RETURN(const auto published, read_file(sources_.folder / "checkpoint", kMaxNoteBytes));
    if (published) std::ignore = read_head(as_text(*published));
    for (const auto& note : sources_.checkpoints) TRY(read_head(note));
    std::ranges::sort(heads_, {}, &TreeHead::size);
    if (!heads_.empty()) recovery_.known = heads_.back();
    return {};
  }

  void add(BytesView entry) {
    compare();
    tree_.append(leaf_hash(entry));
  }

  // With the checkpoints of the size that has been reached.
  void compare() {
    for (; compared_ < heads_.size() && heads_[compared_].size == tree_.size(); ++compared_)
      agree_ = agree_ && heads_[compared_] == tree_.head();
  }

  Result<void> read_rows() {
    return store_.read([&](store::Reader& reader) -> Result<void> {
      ASSIGN_OR_RETURN(recovery_.store, log_size(reader));
      for (std::uint64_t first = 0; first < recovery_.store;) {
        ASSIGN_OR_RETURN(const auto some, read_entries(reader, first, 1024));
        for (const auto& [index, text] : some) {
          if (index != first++)
            return fail(ErrorKind::kConflict, "RMT-A020",
                        "entry " + std::to_string(first - 1) + " of the log is missing in the backup");
          add(as_bytes(text));
        }
      }
      return {};
    });
  }

  // Whether rows and bundles reach, and agree with, every checkpoint that is known.
  bool all_agree(const std::vector<std::string>& more) {
    for (const auto& entry : more) add(as_bytes(entry));
    compare();
    return agree_ && compared_ == heads_.size();
  }

  store::Store& store_;
  const RecoverySources& sources_;
  Recovery recovery_;
  bool has_state_ = false;
  std::vector<TreeHead> heads_;
  std::size_t compared_ = 0;
  bool agree_ = true;
  CompactTree tree_;
};

}  // namespace

json::object Recovery::told() const {
  json::value checkpoint = nullptr;
  if (known) checkpoint = json::object{{"size", known->size}, {"root", known->root.hex()}};
  return {{"log", log},
          {"checkpoint", std::move(checkpoint)},
          {"store", store},
          {"refilled", refilled},
          {"missing", missing}};
}

Result<Recovery> recover(store::Store& store, const RecoverySources& sources) {
  return Recovering(store, sources).run();
}

}  // namespace remit::audit
