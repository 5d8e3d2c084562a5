// The functions of extension types (ip, decimal, datetime, duration): one table for the parser, the evaluator
// and JSON's `__extn`. Language reference: "Operators and functions".

#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "cedar/values/arena.h"
#include "cedar/values/value.h"

namespace cedar {

// What a function answers, or why it cannot.
using FunctionResult = std::expected<Value, std::string>;

struct Function {
  std::string_view name;
  bool method;                       // called as a.name(b), not as name(a, b)
  bool gives_extension_value;        // may stand in `__extn`
  std::span<const Kind> parameters;  // with the receiver
  Kind result;
  FunctionResult (*apply)(std::span<const Value> arguments, Arena& arena);  // arguments have the kinds above
};

std::span<const Function> functions();
const Function* find_function(std::string_view name);  // nullptr: no such function

// Checks number and kinds of arguments, which the language leaves to evaluation, then applies.
FunctionResult call(const Function& function, std::span<const Value> arguments, Arena& arena);

}  // namespace cedar
