// The configuration file: checked, told of, and written as an example.

#include <fmt/format.h>

#include <boost/json/object.hpp>

#include "cli/commands.h"
#include "cli/output.h"
#include "server/config.h"

namespace remit::cli {

namespace json = boost::json;

Result<int> check_config(const Context& context, const std::string& file) {
  ASSIGN_OR_RETURN(const auto config, server::load_config(file));
  print_done(context, json::object{{"file", file}, {"data", config.data.string()}},
             fmt::format("{}: no fault; data folder {}", visible(file), visible(config.data.string())));
  return kOk;
}

Result<int> print_config_reference(const Context& context) {
  json::array keys;
  std::vector<std::vector<std::string>> rows;
  for (const auto& table : server::config_reference())
    for (const auto& key : table.keys) {
      const auto name = table.name.empty() ? key.name : table.name + "." + key.name;
      keys.push_back(json::object{{"key", name},
                                  {"default", key.is_default ? json::value(key.value) : nullptr},
                                  {"example", key.value},
                                  {"what", key.what}});
      rows.push_back({name, key.is_default ? key.value : "-", key.what});
    }
  if (context.format == Format::kJson)
    print_json(json::object{{"items", std::move(keys)}});
  else
    print_table({"KEY", "DEFAULT", "WHAT"}, rows);
  return kOk;
}

// Every key with its default, as a comment: a file that says nothing but where the data is.
Result<int> print_config_example(const Context&) {
  for (const auto& table : server::config_reference()) {
    if (!table.name.empty()) print_text(fmt::format("\n[{}]  # {}\n", table.name, table.what));
    for (const auto& key : table.keys)
      print_text(
          fmt::format("{}{} = {}  # {}\n", key.name == "data" ? "" : "# ", key.name, key.value, key.what));
  }
  return kOk;
}

}  // namespace remit::cli
