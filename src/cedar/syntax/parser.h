// Policy text to syntax trees. Language reference: "Grammar for Cedar syntax", with RFC 71 (trailing commas)
// and RFC 62 (paths after `has`).
//
// An error inside a policy is reported, the rest of that policy is skipped up to its `;`, and parsing goes
// on, so that a file with five bad policies gives at least five diagnostics. Recursion is bounded by
// Limits::depth.

#pragma once

#include <string_view>
#include <vector>

#include "cedar/syntax/ast.h"
#include "cedar/syntax/diagnostic.h"
#include "cedar/values/arena.h"

namespace cedar {

// The trees of all policies and templates, in order and without ids; to be ignored unless `sink` stayed
// empty. They point into `arena` and `source`.
std::vector<ast::Policy> parse_policies(const Source& source, const Limits& limits, Arena& arena,
                                        DiagnosticSink& sink);

// Whether a text may be parsed at all: within the limits, and UTF-8. Reports why not.
bool is_acceptable(std::string_view text, const Limits& limits, DiagnosticSink& sink);

}  // namespace cedar
