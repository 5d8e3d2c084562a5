#include "snapshot/entities.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <set>
#include <vector>

#include "snapshot/snapshot.h"

namespace remit::snapshot {
namespace {

using boost::json::array;
using boost::json::object;

cedar::EntityUid uid(std::string_view type, std::string_view id) {
  return {std::string(type), std::string(id)};
}

cedar::EntityUid qualified(std::string_view type, Environment environment, std::string_view name) {
  std::string id(to_string(environment));
  id.append("/").append(name);
  return {std::string(type), std::move(id)};
}

object human_reference(const HumanId& id) {
  return {{"__entity", object{{"type", kHumanType}, {"id", id.str()}}}};
}

bool add(cedar::EntitiesBuilder& builder, const Deployment& deployment) {
  const std::vector<cedar::EntityUid> parents = {
      uid(kProcessType, deployment.process), uid("Remit::Environment", to_string(deployment.environment))};
  object attributes{{"name", deployment.name},
                    {"environment", to_string(deployment.environment)},
                    {"owner", human_reference(deployment.owner)},
                    {"purpose", deployment.purpose},
                    {"process", deployment.process}};
  if (deployment.deputy) attributes.emplace("deputy", human_reference(*deployment.deputy));
  return builder.add(agent_uid(deployment), parents, attributes).has_value();
}

bool add(cedar::EntitiesBuilder& builder, const Tool& tool) {
  const std::string_view name = tool.qualified_name;
  std::vector<cedar::EntityUid> parents = {uid(kActionType, "call"),
                                           uid(kActionType, name.substr(0, name.find('/')))};
  if (tool.effect) parents.push_back(uid(kActionType, to_string(*tool.effect)));
  return builder.add(action_uid(tool), parents).has_value();
}

bool add(cedar::EntitiesBuilder& builder, const Destination& destination) {
  const std::vector<cedar::EntityUid> parents = {
      uid("Remit::DataClass", to_string(destination.data_class)),
      uid("Remit::Environment", to_string(destination.environment))};
  array labels;
  for (const auto& label : destination.labels) labels.emplace_back(label);
  const object attributes{{"name", destination.name},
                          {"environment", to_string(destination.environment)},
                          {"data_class", to_string(destination.data_class)},
                          {"labels", std::move(labels)},
                          {"owner", human_reference(destination.owner)}};
  return builder.add(destination_uid(destination), parents, attributes).has_value();
}

bool add(cedar::EntitiesBuilder& builder, const Human& human) {
  return builder.add(uid(kHumanType, human.id.str()), {}, object{{"name", human.name}}).has_value();
}

}  // namespace

cedar::EntityUid agent_uid(const Deployment& deployment) {
  return qualified(kAgentType, deployment.environment, deployment.name);
}

cedar::EntityUid action_uid(const Tool& tool) { return uid(kActionType, tool.qualified_name); }

cedar::EntityUid destination_uid(const Destination& destination) {
  return qualified(kDestinationType, destination.environment, destination.name);
}

std::optional<cedar::Entities> build_entities(const SnapshotData& data, Environment environment) {
  cedar::EntitiesBuilder builder;
  std::set<std::string_view> people;
  const auto add_all = [&](const auto& things) {
    for (const auto& thing : things) {
      if (thing.environment != environment) continue;
      if constexpr (requires { thing.state; })
        if (thing.state == State::kRetired) continue;
      if (!add(builder, thing)) return false;
      if constexpr (requires { thing.owner; }) people.insert(thing.owner.str());
      if constexpr (requires { thing.deputy; })
        if (thing.deputy) people.insert(thing.deputy->str());
    }
    return true;
  };
  if (!add_all(data.deployments) || !add_all(data.tools) || !add_all(data.destinations)) return std::nullopt;
  for (const auto& human : data.humans)
    if (people.contains(human.id.str()) && !add(builder, human)) return std::nullopt;
  auto built = std::move(builder).build();
  if (!built) return std::nullopt;
  return std::move(*built);
}

}  // namespace remit::snapshot
