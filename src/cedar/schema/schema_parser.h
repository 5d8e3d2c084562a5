// Schema text, in either syntax, to the syntax tree. Language reference: "Grammar specification for Cedar
// schemas" and "for JSON schemas".
//
// Every error of the text is reported: what a declaration got wrong is skipped up to its `;`, and parsing
// goes on.

#pragma once

#include <string_view>

#include "cedar/schema/schema_tree.h"
#include "cedar/syntax/diagnostic.h"
#include "cedar/values/arena.h"

namespace cedar {

// To be ignored unless `sink` stayed empty. Points into `arena` only.
schema_ast::Tree parse_schema(std::string_view text, const Limits& limits, Arena& arena,
                              DiagnosticSink& sink);
schema_ast::Tree parse_schema_json(std::string_view json, const Limits& limits, Arena& arena,
                                   DiagnosticSink& sink);

}  // namespace cedar
