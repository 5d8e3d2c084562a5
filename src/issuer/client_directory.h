// Who may ask for tokens: the caller's view of the snapshot, in one environment.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "jose/key.h"

namespace remit::issuer {

struct ClientKey {
  std::string credential_id;
  jose::PublicKey key;
  // Lets a client migrate that still sends the token endpoint as its assertion's audience. Use of it is
  // reported.
  bool token_endpoint_audience = false;
};

struct Client {
  std::string client_id;  // the deployment
  // Why it may not have a token now, for itself and for the log ("hold `killed`"); empty: it may.
  std::string barred;
  // The approved manifest's digest, if there is one: goes into the token, and an assertion may not state
  // another.
  std::string agent_fp;
  // Those that are in force now: begun, not expired, not revoked. More than 8 are not tried.
  std::vector<ClientKey> keys;
};

class ClientDirectory {
 public:
  virtual ~ClientDirectory() = default;
  // Nothing for a client of another environment, as for one that there is not. Thread-safe.
  virtual std::optional<Client> find(std::string_view client_id, Instant now) const = 0;
};

}  // namespace remit::issuer
