// Catalog: the destinations that agents may reach and the tools that they offer, and every command that
// changes them.
//
// A tool's definition is pinned: by the SHA-256 of its canonical JSON (RFC 8785), so that an upstream that
// only reorders members changes nothing, and one that changes a word, a schema or an annotation is noticed.
// What a tool does (its effect) and how sensitive its data is, a person says; until then it cannot be called.
// What an upstream claims of itself is never believed.
//
// In production another person than the destination's owner adds it, classifies its tools and accepts their
// new definitions: RMT-C031 (kForbidden). Until people can log in that is a claim (identity/registry.h).
//
// A command runs inside the caller's store transaction, checks its guards, changes rows, moves the revision
// and appends a governance event; an error means that the caller must let the transaction fail.
//
// Errors, unless a command says more: RMT-C010 (kNotFound), RMT-C011 (kConflict: retired), RMT-C012
// (kInvalid: a value), those of the people check, the store and the log.
//
// Thread-safety: commands run on the thread of their transaction; a Catalog has no state of its own.

#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/log.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/secret.h"
#include "catalog/vault.h"
#include "mcp/tools.h"
#include "snapshot/types.h"
#include "store/store.h"

namespace remit::catalog {

std::vector<store::Migration> migrations();

// Whether a person is here and may own and decide: identity::require_active_human.
using RequirePerson = std::function<Result<void>(store::Reader&, const HumanId&)>;

// A credential that the destination wants, and where it goes: the name of a header (http) or of an
// environment variable (stdio).
struct NewSecret {
  std::string slot;
  Secret value;
};

struct NewDestination {
  Environment environment = Environment::kSandbox;
  std::string name;  // 1–63 of a–z, 0–9 and '-', starting with a letter; not `call` and not an effect
  snapshot::Transport transport;
  snapshot::DataClass data_class = snapshot::DataClass::kInternal;
  std::vector<std::string> labels = {};
  HumanId owner;
  std::optional<HumanId> approver = {};  // in production, and not the owner
  std::vector<NewSecret> secrets = {};
  snapshot::UpstreamBounds bounds = {};
};

// What a person changes of a destination; what is empty stays.
struct DestinationChange {
  std::optional<snapshot::Transport> transport = {};
  std::optional<snapshot::DataClass> data_class = {};
  std::optional<std::vector<std::string>> labels = {};
  std::optional<HumanId> owner = {};
  std::vector<NewSecret> secrets = {};    // each in place of what its slot has
  std::vector<std::string> dropped = {};  // slots whose credential goes
  std::optional<snapshot::UpstreamBounds> bounds = {};
  std::optional<HumanId> person = {};  // who decides; in production not the owner
};

// What a person says of a tool.
struct Classification {
  snapshot::Effect effect = snapshot::Effect::kRead;
  snapshot::DataClass data_class = snapshot::DataClass::kInternal;
  std::vector<std::string> labels = {};
};

// What became of the tools that an upstream listed; ids.
struct Discovery {
  std::vector<ToolId> added;  // pinned as they were listed; uncallable until classified
  std::vector<ToolId> unchanged;
  std::vector<ToolId> quarantined;  // differ from their pin, newly or still
  std::vector<ToolId> restored;     // were quarantined and are listed as pinned again
  std::vector<ToolId> missing;      // known, and not listed
};

// A quarantined tool's two definitions, for the person who decides.
struct PinChange {
  std::string pinned;  // bytes as they were listed
  std::string offered;
  Digest pinned_digest;
  Digest offered_digest;
};

class Catalog {
 public:
  // All must outlive it.
  Catalog(audit::Log& log, const Clock& clock, Random& random, const Vault& vault,
          RequirePerson require_person)
      : log_(log),
        clock_(clock),
        random_(random),
        vault_(vault),
        require_person_(std::move(require_person)) {}

  // Destinations ------------------------------------------------------------------------------------------

  // Errors: RMT-C013 (kConflict: the name is taken), RMT-C014 (kInvalid: the secret's slot).
  Result<DestinationId> add_destination(store::Transaction& tx, const audit::Actor& actor,
                                        const NewDestination& destination);

  // Changes it. Where another program or address answers from now on (its URL, command, variables or folder),
  // it is another server: its tools are quarantined until a person has looked at each. Answers how many.
  // Errors: RMT-C014, RMT-C018 (kInvalid: nothing is changed), RMT-C031.
  Result<std::int64_t> set_destination(store::Transaction& tx, const audit::Actor& actor,
                                       const DestinationId& destination, const DestinationChange& change);

  // Takes in what its server says to whoever uses it, for a person who asked for that (scan): it goes to
  // models, so it is not taken over in passing. Bounded; nothing changes where it is as it was.
  Result<void> record_instructions(store::Transaction& tx, const audit::Actor& actor,
                                   const DestinationId& destination, std::string_view text);

  // Its server has said the credential back. That stands until the credential is replaced.
  Result<void> record_credential_echo(store::Transaction& tx, const audit::Actor& actor,
                                      const DestinationId& destination);

  // Retires it and its tools, and forgets its credential. Answers the tools: end the grants on them in the
  // same transaction.
  Result<std::vector<ToolId>> retire_destination(store::Transaction& tx, const audit::Actor& actor,
                                                 const DestinationId& destination);

  // Tools -------------------------------------------------------------------------------------------------

  // Takes in the whole list of tools that the destination's server offers now, and what of it was set aside.
  // A known tool that is not in it, or not in a form that clients can read, is missing until it is again.
  // Nothing changes, and no revision moves, where all is as it was. Errors: RMT-C015 (kInvalid: two tools of
  // one name).
  Result<Discovery> record_discovery(store::Transaction& tx, const audit::Actor& actor,
                                     const DestinationId& destination, const mcp::ToolPage& listing);

  // A person says what a tool does and how sensitive its data is.
  Result<void> classify(store::Transaction& tx, const audit::Actor& actor, const ToolId& tool,
                        const Classification& classification, const HumanId& person);

  // What the person who decides on a quarantined tool must see. Errors: RMT-C016 (kConflict: is not
  // quarantined). Of a tool that was moved and whose server has said nothing else, both are the pinned one.
  static Result<PinChange> pin_change(store::Reader& reader, const ToolId& tool);

  // Pins the definition that is offered. `seen` is the digest of the one that the person saw.
  // Errors: RMT-C016, RMT-C017 (kConflict: another one is offered by now).
  Result<void> accept_definition(store::Transaction& tx, const audit::Actor& actor, const ToolId& tool,
                                 const Digest& seen, const HumanId& person);

  // End the grants on it in the same transaction.
  Result<void> retire_tool(store::Transaction& tx, const audit::Actor& actor, const ToolId& tool);

 private:
  Result<void> record(store::Transaction& tx, const audit::Actor& actor, std::string_view action,
                      std::string_view object, boost::json::object detail = {});
  Result<void> seal_into(store::Transaction& tx, const DestinationId& destination, const NewSecret& secret);
  Result<void> replace_secrets(store::Transaction& tx, const DestinationId& destination,
                               const snapshot::Transport& transport, const DestinationChange& change);
  Result<ToolId> add_tool(store::Transaction& tx, const audit::Actor& actor, const DestinationId& destination,
                          std::string_view destination_name, std::string_view data_class,
                          const mcp::Tool& offered);
  Result<void> quarantine(store::Transaction& tx, const audit::Actor& actor, const ToolId& tool,
                          const mcp::Tool& offered, const Digest& digest);
  Result<void> restore(store::Transaction& tx, const audit::Actor& actor, const ToolId& tool);
  Result<void> set_missing(store::Transaction& tx, const audit::Actor& actor, const ToolId& tool,
                           bool missing);
  Result<void> set_aside(store::Transaction& tx, const audit::Actor& actor, const DestinationId& destination,
                         const std::vector<mcp::RefusedTool>& refused);

  audit::Log& log_;
  const Clock& clock_;
  Random& random_;
  const Vault& vault_;
  RequirePerson require_person_;
};

// The pin of a definition: SHA-256 of its canonical JSON.
Digest pin_of(const boost::json::object& definition);

// Look-ups. Errors: RMT-C010.
Result<DestinationId> find_destination(store::Reader& reader, Environment environment, std::string_view name);
// How one that is in use is reached.
struct DestinationState {
  snapshot::Transport transport;
  snapshot::UpstreamBounds bounds;
};
Result<DestinationState> find_destination_state(store::Reader& reader, const DestinationId& id);
Result<ToolId> find_tool(store::Reader& reader, Environment environment, std::string_view qualified_name);

// What a tool is, for events of the log: `destination`, `effect` (null until a person has said it),
// `data_class`, `labels`.
Result<boost::json::object> class_of(store::Reader& reader, const ToolId& id);

// The names of what is or was there, by id: tools' are qualified.
Result<std::map<ToolId, std::string>> tool_names(store::Reader& reader);
Result<std::map<std::string, std::string>> all_names(store::Reader& reader);  // of both, by id
Result<std::vector<std::string>> destination_names(store::Reader& reader,
                                                   Environment environment);  // that live

}  // namespace remit::catalog
