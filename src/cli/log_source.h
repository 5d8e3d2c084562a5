// LogSource: the log as commands read it: a server's, by its API; or a published folder's, with the public
// key, where every entry is proven as it is read, and with a names file for what a folder does not hold.
//
// Entries come as the API has them: {"index", "entry", "names", "outcome"}.
//
// Thread-safety: one thread.

#pragma once

#include <boost/json/array.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "audit/note.h"
#include "audit/openings.h"
#include "audit/query.h"
#include "cli/commands.h"
#include "cli/context.h"

namespace remit::cli {

class LogSource {
 public:
  virtual ~LogSource() = default;

  struct Page {
    boost::json::array items;
    std::optional<std::uint64_t> next;  // where more may be
  };
  // Up to `limit` answers from the index on, in their order. Errors: those of audit::Query::of, and of what
  // is read.
  virtual Result<Page> list(const audit::Asked& asked, std::uint64_t from, std::uint64_t limit) = 0;
  // Errors: kNotFound RMT-A013.
  virtual Result<boost::json::object> entry(std::uint64_t index) = 0;
  virtual Result<std::vector<audit::Opening>> openings(std::uint64_t index) = 0;
};

// What the options name: `--folder` with `--key` and `--names`; without it the server, or the data folder.
Result<std::unique_ptr<LogSource>> open_log(const Context& context, const AuditOptions& options);

// The published folder that the options name, else the data folder's own, and the log's key.
struct PublishedFolder {
  std::filesystem::path folder;
  audit::VerifierKey key;
};
Result<PublishedFolder> published_folder(const Context& context, const AuditOptions& options);

// What the options ask for. Errors: RMT-K004.
Result<audit::Asked> asked_of(const AuditOptions& options);

// A verifier key as text, or in a file.
Result<audit::VerifierKey> verifier_key(const std::string& given);

}  // namespace remit::cli
