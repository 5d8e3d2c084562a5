// JSON text to a tree, strictly: a name that an object has twice is refused, since readers disagree on which
// counts.

#pragma once

#include <boost/json/value.hpp>
#include <expected>
#include <string_view>

#include "cedar/cedar.h"

namespace cedar {

std::expected<boost::json::value, DataError> parse_json_text(std::string_view text, const Limits& limits);

}  // namespace cedar
