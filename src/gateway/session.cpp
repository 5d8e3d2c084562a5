#include "gateway/session.h"

namespace remit::gateway {

std::vector<store::Migration> migrations() {
  return {{.number = 500, .name = "gateway_session", .sql = R"(
    CREATE TABLE gateway_session (
      id_hash          TEXT PRIMARY KEY,
      environment      TEXT NOT NULL,
      deployment       TEXT NOT NULL,
      credential       TEXT NOT NULL,
      protocol_version TEXT NOT NULL,
      created          BIGINT NOT NULL
    ))"},
          {.number = 501, .name = "gateway_session_last_used", .sql = R"(
    ALTER TABLE gateway_session ADD COLUMN last_used BIGINT NOT NULL DEFAULT 0;
    UPDATE gateway_session SET last_used = created)"}};
}

Result<void> insert_session(store::Transaction& tx, const SessionRecord& session) {
  TRY(tx.execute("INSERT INTO gateway_session VALUES (?, ?, ?, ?, ?, ?, ?)",
                 {session.id_hash.hex(), std::string(to_string(session.environment)),
                  session.deployment.str(), session.credential.str(), session.protocol_version,
                  to_micros(session.created), to_micros(session.last_used)}));
  return {};
}

Result<void> note_last_use(store::Transaction& tx, const Digest& id_hash, Instant last_used) {
  TRY(tx.execute("UPDATE gateway_session SET last_used = ? WHERE id_hash = ?",
                 {to_micros(last_used), id_hash.hex()}));
  return {};
}

Result<void> delete_session(store::Transaction& tx, const Digest& id_hash) {
  TRY(tx.execute("DELETE FROM gateway_session WHERE id_hash = ?", {id_hash.hex()}));
  return {};
}

Result<std::vector<SessionRecord>> load_sessions(store::Reader& reader) {
  ASSIGN_OR_RETURN(
      const auto rows,
      reader.query(
          "SELECT id_hash, environment, deployment, credential, protocol_version, created, last_used "
          "FROM gateway_session ORDER BY created"));
  std::vector<SessionRecord> sessions;
  sessions.reserve(rows.size());
  for (const auto& row : rows) {
    ASSIGN_OR_RETURN(const auto id_hash, digest_from_hex(row.text(0)));
    const auto environment = parse_environment(row.text(1));
    if (!environment)
      return fail(ErrorKind::kInternal, "RMT-S003", "session with unknown environment `" + row.text(1) + "`");
    sessions.push_back({.id_hash = id_hash,
                        .environment = *environment,
                        .deployment = DeploymentId::trusted(row.text(2)),
                        .credential = CredentialId::trusted(row.text(3)),
                        .protocol_version = row.text(4),
                        .created = from_micros(row.integer(5)),
                        .last_used = from_micros(row.integer(6))});
  }
  return sessions;
}

}  // namespace remit::gateway
