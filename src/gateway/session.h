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
};

std::vector<store::Migration> migrations();

// Errors of the two: the store's.
Result<void> insert_session(store::Transaction& tx, const SessionRecord& session);
Result<void> delete_session(store::Transaction& tx, const Digest& id_hash);
Result<std::vector<SessionRecord>> load_sessions(store::Reader& reader);

// How an open call ended.
struct CallEnd {
  enum class How { kAnswered, kRefused, kLost, kTimedOut, kCancelled, kCut };
  How how = How::kLost;
  std::optional<mcp::Message> answer = {};  // kAnswered
  std::string why = {};                     // for people
  std::string_view code = {};               // of the catalogue, where `how` does not say all
};

// A call that has been released and not yet answered.
struct OpenCall {
  std::shared_ptr<Completion<CallEnd>> end = std::make_shared<Completion<CallEnd>>();
  ToolId tool = {};
  bool sent = false;  // handed to the upstream: it may have its effect
};

struct Session {
  SessionRecord record;
  std::chrono::steady_clock::time_point last_used;
  std::map<mcp::Id, std::shared_ptr<OpenCall>> calls;  // by the agent's request id
  std::unordered_map<DestinationId, std::shared_ptr<Upstream>> upstreams;
  std::vector<std::shared_ptr<http::EventStream>> streams;  // the agent's open GET streams
  Digest shown_tools;  // of the list that the agent may call, to tell it of changes
};

}  // namespace remit::gateway
