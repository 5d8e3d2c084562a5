// Runs conformance cases: NAME.json files that name their policies and entities and say what each request
// must give.
//
// A request agrees when decision, determining policies and erring policies all do. Only what is decided is
// compared; schemas are not read.

#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

namespace cedar {

struct CorpusResult {
  std::size_t passed = 0;  // requests
  std::size_t failed = 0;
};

// Every case under `folder`; `report` gets a line or more for each failure. Paths in a case are relative to
// the nearest folder above it that has them.
CorpusResult run_corpus(const std::filesystem::path& folder,
                        const std::function<void(const std::string&)>& report);

}  // namespace cedar
