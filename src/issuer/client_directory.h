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
  std::string thumbprint = {};  // RFC 7638
  // Why it gets no token though it proves who asks ("expired on …"); empty: it may.
  std::string barred = {};
  // Lets a client migrate that still sends the token endpoint as its assertion's audience. Use of it is
  // reported.
  bool token_endpoint_audience = false;
};

struct Client {
  std::string client_id;  // the deployment
  // Why it may not have a token now, for itself and for the log ("hold `drift`"); empty: it may.
  std::string barred;
  // It is held because another fingerprint ran, and was not seen to run the approved one since.
  bool drifted = false;
  // The approved manifest's digest, if there is one: goes into the token, and an assertion may not state
  // another.
  std::string agent_fp;
  // Those that have begun and are not revoked, the expired ones last. More than 8 are not tried.
  std::vector<ClientKey> keys;
};

class ClientDirectory {
 public:
  virtual ~ClientDirectory() = default;
  // Nothing for a client of another environment, as for one that there is not. Thread-safe.
  virtual std::optional<Client> find(std::string_view client_id, Instant now) const = 0;
};

}  // namespace remit::issuer
