// Session: one agent's MCP session with the gateway (MCP 2025-11-25, "Session Management").
//
// It belongs to the credential that opened it: for any other caller its id is an unknown one. Its id is known
// to the agent alone; memory and store hold the SHA-256 of it, so that who reads the store cannot take a
// session over.
//
// Sessions live across a restart, since six of seven clients cannot recover from losing theirs
// (mcp-in-the-wild.md): what the protocol negotiated is stored, and upstreams are opened anew when they are
// next needed.
//
// Thread-safety: a session belongs to one loop, chosen by its id; SessionStore is thread-safe.

#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/environment.h"
#include "base/id.h"
#include "base/sha256.h"
#include "gateway/places.h"
#include "gateway/upstream.h"
#include "http/event_stream.h"
#include "store/store.h"

namespace remit::gateway {

// What the store keeps of a session.
struct SessionRecord {
  Digest id_hash;
  Environment environment = Environment::kSandbox;
  DeploymentId deployment;
  CredentialId credential;
  std::string protocol_version;
  Instant created;
  Instant last_used = created;  // as it was last written: an hour late at most
};

std::vector<store::Migration> migrations();

// Errors of these: the store's.
Result<void> insert_session(store::Transaction& tx, const SessionRecord& session);
Result<void> note_last_use(store::Transaction& tx, const Digest& id_hash, Instant last_used);
Result<void> delete_session(store::Transaction& tx, const Digest& id_hash);
Result<std::vector<SessionRecord>> load_sessions(store::Reader& reader);

// How an open call ended.
struct CallEnd {
  enum class How { kAnswered, kRefused, kLost, kTimedOut, kCancelled, kCut };
  How how = How::kLost;
  std::optional<mcp::Message> answer = {};  // kAnswered
  std::string why = {};                     // for people, and for the destination of a call that was sent
  std::string_view code = {};               // of the catalogue, where `how` does not say all
};

// A call that has been released and not yet answered.
struct OpenCall {
  std::shared_ptr<Completion<CallEnd>> end = std::make_shared<Completion<CallEnd>>();
  ToolId tool = {};
  bool sent = false;       // handed to the upstream: it may have its effect
  bool cancelled = false;  // by the agent, before it ended otherwise: no answer is owed
};

// A session of the gateway's with a destination. It is in use while a call to it is open.
struct Connected {
  std::shared_ptr<Upstream> upstream;
  std::shared_ptr<Place> place;
};

// A GET stream that the agent has open.
struct Listener {
  std::shared_ptr<http::EventStream> stream;
  Place::Use use;  // of the session
};

struct Session {
  SessionRecord record;
  std::shared_ptr<Place> place;                        // in use while a call or a stream is open
  std::map<mcp::Id, std::shared_ptr<OpenCall>> calls;  // by the agent's request id
  std::unordered_map<DestinationId, Connected> upstreams;
  std::vector<Listener> streams;  // in the order of their opening
  Digest shown_tools;             // of the list that the agent may call, to tell it of changes
};

}  // namespace remit::gateway
