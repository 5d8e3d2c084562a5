// The JSON policy format. Language reference: "JSON policy format"; where it is silent, what the reference
// implementation writes. Unknown members are refused.
//
// JSON becomes a syntax tree, the tree text, and the text is the policy's source like any other: places,
// diagnostics and limits have one home.

#pragma once

#include <expected>
#include <string>

#include "cedar/json/json.h"
#include "cedar/syntax/ast.h"
#include "cedar/values/arena.h"

namespace cedar {

// Chains of `&&` and `||` nest to the left in JSON, and may be as long as the text allows; all else is
// bounded by Limits::depth.
std::expected<Json, DataError> parse_policy_json_text(std::string_view text, const Limits& limits,
                                                      Arena& arena);

// One policy or template, without an id, places, or a source. It refers to `arena` and to what `json` does.
std::expected<ast::Policy, DataError> read_policy_json(const Json& json, const Limits& limits, Arena& arena);

// The slots of {"?principal": …, "?resource": …}.
std::expected<SlotValues, DataError> read_slot_values(const Json& json, const Limits& limits, Arena& arena);

// Whether `json` is an object that has all of `required`, and beyond them only what is in `optional`; else
// what is wrong, its pointer relative to `json`. `what` names it with its article.
std::expected<void, DataError> check_members(const Json& json, std::string_view what,
                                             std::span<const std::string_view> required,
                                             std::span<const std::string_view> optional);

// Of a link: the static policy that it stands for.
std::string write_policy_json(const ast::Policy& policy);

}  // namespace cedar
