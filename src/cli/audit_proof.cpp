// Receipts: one entry with its proof, made from the published folder and verified with the public key alone.

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "audit/receipt.h"
#include "base/canonical_json.h"
#include "cli/audit_words.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/log_source.h"
#include "cli/output.h"

namespace remit::cli {
namespace {

namespace json = boost::json;

Result<audit::VerifierKey> key_for_receipt(const Context& context, const AuditOptions& options) {
  if (!options.key.empty()) return verifier_key(options.key);
  ASSIGN_OR_RETURN(const auto published, published_folder(context, options));
  return published.key;
}

}  // namespace

Result<int> prove_entry(const Context& context, const AuditOptions& options) {
  ASSIGN_OR_RETURN(const auto published, published_folder(context, options));
  ASSIGN_OR_RETURN(auto log, audit::ProvenLog::open(published.folder, published.key));
  if (options.index >= log.size())
    return fail(
        ErrorKind::kNotFound, "RMT-A013",
        fmt::format("the published log has {} entries: entry {} is not in it", log.size(), options.index),
        "A server publishes every second; without one, any command on the data folder does.");
  ASSIGN_OR_RETURN(const auto receipt, audit::make_receipt(log, options.index));
  const auto text = receipt.text();
  if (options.out.empty()) {
    fmt::print("{}", text);
    return kOk;
  }
  std::ofstream out(options.out, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return fail(ErrorKind::kInvalid, "RMT-K006", fmt::format("`{}` cannot be written", options.out));
  print_done(context, json::object{{"file", options.out}, {"index", options.index}, {"size", log.size()}},
             fmt::format("{}  entry {} of {}", options.out, options.index, log.size()));
  return kOk;
}

Result<int> verify_receipt(const Context& context, const AuditOptions& options) {
  ASSIGN_OR_RETURN(const auto key, key_for_receipt(context, options));
  ASSIGN_OR_RETURN(const auto text, read_file(options.receipt));
  ASSIGN_OR_RETURN(const auto receipt, audit::Receipt::parse(text));
  if (!receipt.extra)
    return fail(ErrorKind::kInvalid, "RMT-A017",
                fmt::format("`{}` has no `extra` line with the entry itself", options.receipt));
  const auto verified = audit::verify_receipt(receipt, *receipt.extra, key);
  const auto entry = parse_json(as_text(*receipt.extra));
  if (context.format == Format::kJson) {
    json::object answer{{"verified", verified.has_value()}, {"index", receipt.index}};
    if (verified) {
      answer["origin"] = verified->checkpoint.origin;
      answer["size"] = verified->checkpoint.head.size;
      answer["entry"] = entry ? *entry : json::value(as_text(*receipt.extra));
    } else {
      answer["problems"] = json::array{json::object{{"entry", nullptr}, {"what", verified.error().message}}};
    }
    print_json(answer);
    return verified ? kOk : kFindings;
  }
  if (!verified) {
    fmt::print("NOT PROVEN  {}\n", visible(verified.error().message));
    return kFindings;
  }
  fmt::print("verified  {}  entry {} of {}\n\n", verified->checkpoint.origin, receipt.index,
             verified->checkpoint.head.size);
  if (entry && entry->is_object()) {
    const json::object item{{"index", receipt.index}, {"entry", *entry}};
    fmt::print("{}\n\n", sentence(item));
    for (const auto& [heading, value] : entry_lines(item)) fmt::print("{:<14}  {}\n", heading, value);
  } else {
    fmt::print("{}\n", visible(as_text(*receipt.extra)));
  }
  return kOk;
}

}  // namespace remit::cli
