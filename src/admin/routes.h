// The routes of each part of the API. Private to the module.

#pragma once

#include <vector>

#include "admin/api.h"

namespace remit::admin {

std::vector<Route> status_routes(const ApiParts& parts);
std::vector<Route> plane_routes(const ApiParts& parts);
std::vector<Route> people_routes(const ApiParts& parts);
std::vector<Route> service_routes(const ApiParts& parts);
std::vector<Route> agent_routes(const ApiParts& parts);
std::vector<Route> deployment_routes(const ApiParts& parts);
std::vector<Route> grant_routes(const ApiParts& parts);
std::vector<Route> destination_routes(const ApiParts& parts);
std::vector<Route> tool_routes(const ApiParts& parts);
// `checking`: where policies are checked, which may take long. It must outlive the routes.
std::vector<Route> policy_routes(const ApiParts& parts, ReadingThread& checking);
std::vector<Route> policy_trial_routes(const ApiParts& parts, ReadingThread& checking);
std::vector<Route> prospect_routes(const ApiParts& parts);
std::vector<Route> audit_routes(const ApiParts& parts);
std::vector<Route> audit_query_routes(const ApiParts& parts);

// Who acts: the caller, or the person that the body names in `by`, for whom the caller speaks.
Result<audit::Actor> actor_of(const Call& call, store::Reader& reader);

// The person whom a member names, by name or id. Errors: RMT-I001, RMT-I002, RMT-X012.
Result<HumanId> person(const Call& call, store::Reader& reader, std::string_view member);
Result<std::optional<HumanId>> optional_person(const Call& call, store::Reader& reader,
                                               std::string_view member);

// The path's {environment}. Errors: kNotFound RMT-X010.
Result<Environment> environment_of_path(const Call& call);

// The deployment of the path's {environment} and {name}. Errors: RMT-I003, RMT-X010.
Result<DeploymentId> deployment_of_path(const Call& call, store::Reader& reader);

}  // namespace remit::admin
