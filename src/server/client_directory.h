// ClientDirectory over the snapshot in force: which deployments may ask an environment's issuer for tokens.
//
// Thread-safety: any loop.

#pragma once

#include "base/environment.h"
#include "issuer/client_directory.h"
#include "snapshot/holder.h"

namespace remit::server {

class SnapshotDirectory final : public issuer::ClientDirectory {
 public:
  SnapshotDirectory(Environment environment, const snapshot::SnapshotHolder& snapshots)
      : environment_(environment), snapshots_(snapshots) {}

  std::optional<issuer::Client> find(std::string_view client_id, Instant now) const override;

 private:
  const Environment environment_;
  const snapshot::SnapshotHolder& snapshots_;
};

}  // namespace remit::server
