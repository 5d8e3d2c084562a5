// The tables of destinations, tools and policies, in the SQL that SQLite and PostgreSQL share.

#include "catalog/catalog.h"

namespace remit::catalog {
namespace {

// `address` is JSON: {"url":"…"} or {"command":["…",…]}, with what a child may reach ("reads", "writes",
// "network", "hosts", "variables", "cwd"). Labels are a JSON array of strings.
constexpr std::string_view kDestination =
    "CREATE TABLE destination (id TEXT PRIMARY KEY, environment TEXT NOT NULL, name TEXT NOT NULL, "
    "address TEXT NOT NULL, data_class TEXT NOT NULL, labels TEXT NOT NULL, owner TEXT NOT NULL, secret_id "
    "TEXT, "
    "secret_slot TEXT, secret_box BLOB, created_at BIGINT NOT NULL, retired_at BIGINT, revision BIGINT NOT "
    "NULL);"
    "CREATE UNIQUE INDEX destination_living ON destination (environment, name) WHERE retired_at IS NULL;";

// A destination's sealed credentials; it had one at most before.
constexpr std::string_view kDestinationSecret =
    "CREATE TABLE destination_secret (destination TEXT NOT NULL REFERENCES destination (id), slot TEXT NOT "
    "NULL, id "
    "TEXT NOT NULL, box BLOB NOT NULL, PRIMARY KEY (destination, slot));"
    "INSERT INTO destination_secret (destination, slot, id, box) SELECT id, secret_slot, secret_id, "
    "secret_box FROM "
    "destination WHERE secret_id IS NOT NULL;"
    "ALTER TABLE destination DROP COLUMN secret_id;"
    "ALTER TABLE destination DROP COLUMN secret_slot;"
    "ALTER TABLE destination DROP COLUMN secret_box;";

// `pinned` is the definition byte for byte as it was listed, `definition` its canonical form, whose SHA-256
// is the pin. `offered` is what the upstream lists instead, while that differs.
constexpr std::string_view kTool =
    "CREATE TABLE tool (id TEXT PRIMARY KEY, destination TEXT NOT NULL REFERENCES destination (id), name "
    "TEXT NOT NULL, "
    "effect TEXT, data_class TEXT NOT NULL, labels TEXT NOT NULL, pinned TEXT NOT NULL, definition TEXT NOT "
    "NULL, "
    "digest TEXT NOT NULL, offered TEXT, offered_digest TEXT, classified_by TEXT, created_at BIGINT NOT "
    "NULL, "
    "retired_at BIGINT, revision BIGINT NOT NULL);"
    "CREATE UNIQUE INDEX tool_living ON tool (destination, name) WHERE retired_at IS NULL;";

// What a destination is given in place of the server's settings (null: those), its server's instructions as
// of the last scan, and when it last said its credential back.
constexpr std::string_view kUpstream =
    "ALTER TABLE destination ADD COLUMN open_seconds BIGINT;"
    "ALTER TABLE destination ADD COLUMN answer_seconds BIGINT;"
    "ALTER TABLE destination ADD COLUMN max_answer_bytes BIGINT;"
    "ALTER TABLE destination ADD COLUMN instructions TEXT;"
    "ALTER TABLE destination ADD COLUMN credential_echoed_at BIGINT;";

// `number` counts the texts of an environment; the highest is in force, the others are its history.
constexpr std::string_view kPolicySet =
    "CREATE TABLE policy_set (id TEXT PRIMARY KEY, environment TEXT NOT NULL, number BIGINT NOT NULL, "
    "text TEXT NOT NULL, digest TEXT NOT NULL, published_by TEXT NOT NULL, published_at BIGINT NOT NULL, "
    "revision BIGINT NOT NULL, UNIQUE (environment, number));";

// `missing_since`: its server does not list it, or not in a form that clients can read.
constexpr std::string_view kMissing = "ALTER TABLE tool ADD COLUMN missing_since BIGINT;";

// What of a destination's last list of tools cannot be used, and why; of very many the first, in the order of
// the list.
constexpr std::string_view kSetAside =
    "CREATE TABLE set_aside (destination TEXT NOT NULL REFERENCES destination (id), position BIGINT NOT "
    "NULL, "
    "name TEXT NOT NULL, reason TEXT NOT NULL, since BIGINT NOT NULL, revision BIGINT NOT NULL, "
    "PRIMARY KEY (destination, position));";

// `moved_since`: its destination has had another address or command since then, and nobody has looked yet.
constexpr std::string_view kMoved = "ALTER TABLE tool ADD COLUMN moved_since BIGINT;";

}  // namespace

std::vector<store::Migration> migrations() {
  return {{300, "destination", kDestination},
          {301, "tool", kTool},
          {302, "policy_set", kPolicySet},
          {303, "destination_secret", kDestinationSecret},
          {305, "destination_upstream", kUpstream},
          {310, "tool_missing", kMissing},
          {311, "set_aside", kSetAside},
          {312, "tool_moved", kMoved}};
}

}  // namespace remit::catalog
