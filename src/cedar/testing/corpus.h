// Runs conformance cases: NAME.json files that name their policies, entities and schema, and say what each
// request must give.
//
// A case agrees when its policies validate, or do not, as `shouldValidate` says; a request when it is valid
// (unless `validateRequest` is false), and decision, determining policies and erring policies are as they
// should be. Entities and contexts are read, and checked, with the schema.

#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

namespace cedar {

struct CorpusResult {
  std::size_t passed = 0;  // requests, and one for each case that says `shouldValidate`
  std::size_t failed = 0;
};

// Every case under `folder`; `report` gets a line or more for each failure. Paths in a case are relative to
// the nearest folder above it that has them.
CorpusResult run_corpus(const std::filesystem::path& folder,
                        const std::function<void(const std::string&)>& report);

}  // namespace cedar
