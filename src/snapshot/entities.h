// What policies see of the governed world: the Cedar entities of one environment.
//
//   Remit::Agent::"production/invoice-bot"   in its Process and Environment; attributes name, environment,
//   owner,
//                                            deputy (optional), purpose, process
//   Remit::Action::"erp/create_payment"      in Action::"create" (its effect), Action::"erp" (its
//   destination) and
//                                            Action::"call"; without an effect where no person has set one
//   Remit::Destination::"production/erp"     in its DataClass and Environment; attributes name, environment,
//   data_class,
//                                            labels, owner
//
//   Remit::Human::"hum_…"                    whoever owns one of these or is a deputy; attribute name
//
// Deployments that are retired are left out. An id of a person is for ever, a name may change.
//
// Thread-safety: pure functions.

#pragma once

#include <optional>

#include "cedar/cedar.h"
#include "snapshot/types.h"

namespace remit::snapshot {

struct SnapshotData;

inline constexpr std::string_view kAgentType = "Remit::Agent";
inline constexpr std::string_view kActionType = "Remit::Action";
inline constexpr std::string_view kDestinationType = "Remit::Destination";
inline constexpr std::string_view kHumanType = "Remit::Human";
inline constexpr std::string_view kProcessType = "Remit::Process";

cedar::EntityUid agent_uid(const Deployment& deployment);
cedar::EntityUid action_uid(const Tool& tool);
cedar::EntityUid destination_uid(const Destination& destination);

// Nothing if Cedar refuses them: then nothing may be decided.
std::optional<cedar::Entities> build_entities(const SnapshotData& data, Environment environment);

}  // namespace remit::snapshot
