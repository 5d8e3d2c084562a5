// Context: what every command is given: where Remit keeps its data, and how to answer.

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/config.h"

namespace remit::cli {

enum class Format { kTable, kJson };

struct Context {
  std::filesystem::path data;         // --data; empty: $REMIT_DATA, else default_data_folder()
  std::filesystem::path config_file;  // --config
  Format format = Format::kTable;
};

// $XDG_STATE_HOME/remit, or ~/.local/state/remit; ./remit-data where there is no home.
std::filesystem::path default_data_folder();

// The configuration that the context names: the file, or the defaults of the data folder. `listen` replaces
// the file's addresses where it is not empty. Errors: those of server::load_config; RMT-K001 (both were
// named).
Result<server::Config> load(const Context& context, const std::vector<std::string>& listen = {});

}  // namespace remit::cli
