// Policies as they are and were: what is in force, and what was published before.

#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "catalog/policies.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace remit::cli {

namespace json = boost::json;

Result<int> show_policies(const Context& context, const PolicyOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  auto path = "/v1/policies/" + segment(options.environment);
  if (!options.which.empty()) path += "/published/" + segment(options.which);
  ASSIGN_OR_RETURN(const auto answer, client.get(std::move(path)));
  if (context.format == Format::kJson)
    print_json(answer);
  else
    fmt::print("{}", std::string_view(answer.at("text").as_string()));
  return kOk;
}

Result<int> list_published(const Context& context, const PolicyOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(auto answer, client.get("/v1/policies/" + segment(options.environment)));
  const auto& id = answer.at("id");
  auto items = answer.at("history").as_array();
  items.push_back(json::object{{"number", 0},
                               {"id", catalog::kBaselineId},
                               {"published_at", nullptr},
                               {"published_by", nullptr},
                               {"digest", nullptr}});
  for (auto& item : items) item.as_object()["in_force"] = item.at("id") == id;
  print_items(context, json::object{{"environment", options.environment}, {"items", std::move(items)}},
              {{"NUMBER", "number"},
               {"ID", "id"},
               {"IN FORCE", "in_force"},
               {"PUBLISHED", "published_at"},
               {"BY", "published_by"}});
  return kOk;
}

}  // namespace remit::cli
