// How many entities in a row a policy looks through. RFC 76, "Levels" of the formal model.

#pragma once

#include <cstdint>

#include "cedar/schema/typecheck.h"

namespace cedar {

// Of conditions that `types` has just checked in `environment`, keeping the types. Reports what looks through
// more than `most` entities in a row, or through one that no request brings with it.
void check_levels(const ast::Policy& policy, const Environment& environment, const TypeChecker& types,
                  std::uint32_t most, ProblemSink& problems);

}  // namespace cedar
