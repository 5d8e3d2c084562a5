// What rows of earlier versions lack, filled in where SQL alone cannot say it.

#include <fmt/format.h>

#include <map>

#include "base/canonical_json.h"
#include "identity/person_name.h"
#include "identity/registry.h"
#include "jose/key.h"

namespace remit::identity {
namespace {

// Names the pairs, so that one of each can be renamed with the version that made them.
Result<void> require_apart(const std::vector<store::Row>& people) {
  std::map<std::string, std::string> seen;
  std::string collisions;
  for (const auto& row : people) {
    if (!row.is_null(2)) continue;  // has left
    const auto forms = forms_of_name(row.text(1));
    for (const auto* form : {&forms.canonical, &forms.skeleton}) {
      const auto [other, is_new] = seen.emplace(*form, row.text(0));
      if (is_new || other->second == row.text(0)) continue;
      collisions +=
          fmt::format("{}`{}` and `{}`", collisions.empty() ? "" : ", ", other->second, row.text(0));
      break;
    }
  }
  if (collisions.empty()) return {};
  return fail(ErrorKind::kConflict, "RMT-I034",
              "people who are here have names that read as one: " + collisions);
}

Result<void> fill_in_names(store::Transaction& tx) {
  ASSIGN_OR_RETURN(const auto missing, tx.query("SELECT 1 FROM human WHERE canonical IS NULL LIMIT 1"));
  if (missing.empty()) return {};
  ASSIGN_OR_RETURN(const auto people, tx.query("SELECT id, name, left_at FROM human ORDER BY id"));
  TRY(require_apart(people));
  for (const auto& row : people) {
    const auto forms = forms_of_name(row.text(1));
    TRY(tx.execute("UPDATE human SET name = ?, canonical = ?, skeleton = ? WHERE id = ?",
                   {forms.shown, forms.canonical, forms.skeleton, row.text(0)}));
  }
  return {};
}

Result<void> fill_in_material(store::Transaction& tx) {
  ASSIGN_OR_RETURN(const auto keys, tx.query("SELECT id, public_jwk FROM credential WHERE material IS NULL"));
  for (const auto& row : keys) {
    const auto jwk = parse_json(row.text(1));
    const auto key = jwk && jwk->is_object() ? jose::PublicKey::from_jwk(jwk->get_object())
                                             : fail(ErrorKind::kInternal, "RMT-J001", "not a JWK");
    // A key that cannot be read can be used by nobody: nothing has its material.
    TRY(tx.execute("UPDATE credential SET material = ? WHERE id = ?",
                   {key ? key->material_thumbprint() : row.text(0), row.text(0)}));
  }
  return {};
}

}  // namespace

Result<void> bring_up_to_date(store::Transaction& tx) {
  TRY(fill_in_names(tx));
  return fill_in_material(tx);
}

}  // namespace remit::identity
