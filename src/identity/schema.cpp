// The tables of identities, in the SQL that SQLite and PostgreSQL share. Instants are microseconds since
// 1970, UTC.

#include "identity/registry.h"

namespace remit::identity {
namespace {

// Two people who are here at once never share a name: the command line names people by it.
constexpr std::string_view kHuman =
    "CREATE TABLE human (id TEXT PRIMARY KEY, name TEXT NOT NULL, joined_at BIGINT NOT NULL, left_at BIGINT, "
    "revision BIGINT NOT NULL);"
    "CREATE UNIQUE INDEX human_name ON human (name) WHERE left_at IS NULL;";

constexpr std::string_view kService =
    "CREATE TABLE service (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, owner TEXT NOT NULL REFERENCES "
    "human (id), "
    "deputy TEXT REFERENCES human (id), issuing_system TEXT NOT NULL, state TEXT NOT NULL, "
    "created_at BIGINT NOT NULL, revision BIGINT NOT NULL);";

constexpr std::string_view kAgent =
    "CREATE TABLE agent (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, owner TEXT NOT NULL REFERENCES "
    "human (id), "
    "deputy TEXT REFERENCES human (id), purpose TEXT NOT NULL, process TEXT NOT NULL, issuing_system TEXT "
    "NOT NULL, "
    "created_at BIGINT NOT NULL, revision BIGINT NOT NULL);";

// Of one agent at most one deployment lives in an environment; the retired ones stay.
constexpr std::string_view kDeployment =
    "CREATE TABLE deployment (id TEXT PRIMARY KEY, agent TEXT NOT NULL REFERENCES agent (id), "
    "environment TEXT NOT NULL, state TEXT NOT NULL, expires_at BIGINT NOT NULL, approved_by TEXT REFERENCES "
    "human (id), "
    "approved_at BIGINT, created_at BIGINT NOT NULL, retired_at BIGINT, revision BIGINT NOT NULL);"
    "CREATE UNIQUE INDEX deployment_living ON deployment (agent, environment) WHERE retired_at IS NULL;";

// `subject` is a deployment's or a service's id.
constexpr std::string_view kHold =
    "CREATE TABLE identity_hold (subject TEXT NOT NULL, kind TEXT NOT NULL, placed_by TEXT NOT NULL, "
    "placed_at BIGINT NOT NULL, reason TEXT NOT NULL, revision BIGINT NOT NULL, PRIMARY KEY (subject, "
    "kind));";

// A key is registered once, ever: the index has the revoked ones and those of every environment.
constexpr std::string_view kCredential =
    "CREATE TABLE credential (id TEXT PRIMARY KEY, deployment TEXT NOT NULL REFERENCES deployment (id), "
    "kind TEXT NOT NULL, public_jwk TEXT NOT NULL, thumbprint TEXT NOT NULL UNIQUE, not_before BIGINT NOT "
    "NULL, "
    "expires_at BIGINT NOT NULL, created_at BIGINT NOT NULL, revoked_at BIGINT, revision BIGINT NOT NULL);";

constexpr std::string_view kGrant =
    "CREATE TABLE tool_grant (id TEXT PRIMARY KEY, deployment TEXT NOT NULL REFERENCES deployment (id), "
    "tool TEXT NOT NULL, approved_by TEXT NOT NULL REFERENCES human (id), granted_at BIGINT NOT NULL, "
    "expires_at BIGINT, revoked_at BIGINT, revision BIGINT NOT NULL);"
    "CREATE UNIQUE INDEX tool_grant_living ON tool_grant (deployment, tool) WHERE revoked_at IS NULL;";

// The tool as it was called when it was granted, and as the agent sees it. `former_name` is what the agent
// saw it as before there were shown names, where that is not legal now. Rows of before have neither until
// Registry::name_older_grants. All of an agent's rows in an environment, revoked ones too, are what a new
// name is chosen beside.
constexpr std::string_view kShownName =
    "ALTER TABLE tool_grant ADD COLUMN tool_name TEXT;"
    "ALTER TABLE tool_grant ADD COLUMN shown_name TEXT;"
    "ALTER TABLE tool_grant ADD COLUMN former_name TEXT;"
    "CREATE UNIQUE INDEX tool_grant_shown ON tool_grant (deployment, lower(shown_name)) WHERE revoked_at IS "
    "NULL;";

// A kill is the agent's; `owner` is who owned it then. What was held as killed, deployment by deployment,
// becomes a kill for each command that did it; where all that is left of an agent is retired, retirement has
// not undone its kill.
constexpr std::string_view kKill =
    "CREATE TABLE agent_kill (id TEXT PRIMARY KEY, agent TEXT NOT NULL REFERENCES agent (id), "
    "owner TEXT NOT NULL, placed_by TEXT NOT NULL, placed_at BIGINT NOT NULL, reason TEXT NOT NULL, "
    "confirmed_by TEXT REFERENCES human (id), confirmed_at BIGINT, lifted_by TEXT REFERENCES human (id), "
    "lifted_at BIGINT, revision BIGINT NOT NULL);"
    "CREATE INDEX agent_kill_standing ON agent_kill (agent) WHERE lifted_at IS NULL;"
    "INSERT INTO agent_kill (id, agent, owner, placed_by, placed_at, reason, revision) "
    "SELECT 'kil_' || substr(MIN(d.id), 5), d.agent, MIN(a.owner), h.placed_by, h.placed_at, MIN(h.reason), "
    "MAX(h.revision) FROM identity_hold h JOIN deployment d ON d.id = h.subject "
    "JOIN agent a ON a.id = d.agent WHERE h.kind = 'killed' "
    "AND (d.retired_at IS NULL OR NOT EXISTS (SELECT 1 FROM deployment o WHERE o.agent = d.agent "
    "AND o.retired_at IS NULL)) GROUP BY d.agent, h.placed_by, h.placed_at;"
    "DELETE FROM identity_hold WHERE kind = 'killed';"
    "ALTER TABLE identity_hold ADD COLUMN mended_at BIGINT;";

// What a name is compared by (person_name.h). Empty for rows of before, until bring_up_to_date.
constexpr std::string_view kPersonName =
    "ALTER TABLE human ADD COLUMN canonical TEXT;"
    "ALTER TABLE human ADD COLUMN skeleton TEXT;"
    "CREATE UNIQUE INDEX human_canonical ON human (canonical) WHERE left_at IS NULL;"
    "CREATE UNIQUE INDEX human_skeleton ON human (skeleton) WHERE left_at IS NULL;";

// What all keys have in common that the holder of one private part can use; and who said that it be added,
// where that was not the deployment's approval.
constexpr std::string_view kKeyMaterial =
    "ALTER TABLE credential ADD COLUMN material TEXT;"
    "ALTER TABLE credential ADD COLUMN approved_by TEXT REFERENCES human (id);"
    "CREATE INDEX credential_material ON credential (material);";

}  // namespace

std::vector<store::Migration> migrations() {
  return {{200, "human", kHuman},
          {201, "service", kService},
          {202, "agent", kAgent},
          {203, "deployment", kDeployment},
          {204, "hold", kHold},
          {205, "credential", kCredential},
          {206, "grant", kGrant},
          {207, "agent_kill", kKill},
          {208, "person_name", kPersonName},
          {209, "key_material", kKeyMaterial},
          {220, "shown_name", kShownName}};
}

}  // namespace remit::identity
