// KeyFiles: the plane's own keys, in the data folder.
//
// They are made with a new store, and never again: a key that is made in place of one that was lost would
// open nothing, sign another history, and make every token void. The store keeps a record of them; what is
// missing or is another's stops the start.
//
// A plane is new until this record is there. Whatever a kill leaves of its making is gone on with by the next
// start.
//
// Thread-safety: open it on one thread, before anything serves.

#pragma once

#include <string_view>
#include <vector>

#include "audit/log.h"
#include "audit/note.h"
#include "catalog/vault.h"
#include "issuer/access_token.h"
#include "server/data_folder.h"
#include "store/store.h"

namespace remit::server {

struct KeyFiles {
  audit::SigningKey log;
  catalog::Vault vault;
  std::vector<issuer::KeyRing> issuers;  // by environment

  // `origin`: the log's name, for a new one; empty where a log's key says it. Errors: kNotFound RMT-X023
  // (files that are missing, all of them named), kConflict RMT-X024 (a file holds another key than the store
  // was used with), those of the keys.
  static Result<KeyFiles> open(const DataFolder& folder, std::string_view origin, store::Store& store,
                               Random& random);

  // Gives an environment's issuer another key, with the record of it and `event` in one transaction; it is
  // used from the next start on, and tokens of before are good no longer. The store says which key counts:
  // what a kill leaves half done is ended by the next start. Answers the new key's thumbprint. Errors: those
  // of the key, the store and the log.
  static Result<std::string> rotate_issuer(const DataFolder& folder, Environment environment,
                                           store::Transaction& tx, audit::Log& log,
                                           audit::GovernanceEvent event, Random& random);

  // That the files are there. Errors: kNotFound RMT-X023, all that are missing named.
  static Result<void> require(const DataFolder& folder);

  // That the files are all there and are those of `store`, where the log's key is to be `log`. Writes
  // nothing. Errors: RMT-X023, X024, those of the keys.
  static Result<void> check(const DataFolder& folder, const audit::VerifierKey& log, store::Store& store,
                            Random& random);
};

// The table of the record.
std::vector<store::Migration> key_migrations();

}  // namespace remit::server
