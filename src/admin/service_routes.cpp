// Service accounts: what stands in the inventory beside people and agents.

#include "admin/routes.h"
#include "admin/views.h"

namespace remit::admin {
namespace {

namespace json = boost::json;
using http::Method;
using snapshot::Snapshot;

Result<Answer> add_service(identity::Registry& registry, const Call& call, store::Transaction& tx) {
  identity::NewService service;
  ASSIGN_OR_RETURN(service.name, call.body.text("name"));
  ASSIGN_OR_RETURN(service.owner, person(call, tx, "owner"));
  ASSIGN_OR_RETURN(service.deputy, optional_person(call, tx, "deputy"));
  ASSIGN_OR_RETURN(service.issuing_system, call.body.text("issuing_system"));
  ASSIGN_OR_RETURN(const auto actor, actor_of(call, tx));
  TRY(call.body.all_known());
  ASSIGN_OR_RETURN(const auto id, registry.add_service(tx, actor, service));
  return Answer{json::object{{"id", id.str()}, {"name", service.name}, {"state", "active"}}, 201};
}

}  // namespace

std::vector<Route> service_routes(const ApiParts& parts) {
  auto& registry = parts.registry;
  return {
      {Method::kGet, "/v1/services",
       [](const Call&, const Snapshot& snapshot) -> Result<Answer> {
         return Answer{list(snapshot.all().services, [&](const auto& one) { return view(one, snapshot); })};
       }},
      {Method::kPost, "/v1/services",
       [&registry](const Call& call, store::Transaction& tx) { return add_service(registry, call, tx); }},
  };
}

}  // namespace remit::admin
