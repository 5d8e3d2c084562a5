#include "cedar/json_text.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <unordered_set>
#include <vector>

namespace cedar {
namespace {

namespace json = boost::json;

// Sees the text go by and stops at the second of two equal names.
class DuplicateFinder {
 public:
  constexpr static std::size_t max_object_size = SIZE_MAX;
  constexpr static std::size_t max_array_size = SIZE_MAX;
  constexpr static std::size_t max_key_size = SIZE_MAX;
  constexpr static std::size_t max_string_size = SIZE_MAX;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t, json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    names_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, json::error_code&) {
    names_.pop_back();
    return true;
  }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& error) {
    key_.append(part.data(), part.size());
    const bool fresh = names_.back().insert(key_).second;
    if (!fresh) {
      duplicate = key_;
      error = json::error::syntax;
    }
    key_.clear();
    return fresh;
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
  bool on_double(double, json::string_view, json::error_code&) { return true; }
  bool on_bool(bool, json::error_code&) { return true; }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  std::string duplicate;

 private:
  std::string key_;
  std::vector<std::unordered_set<std::string>> names_;
};

}  // namespace

std::expected<json::value, DataError> parse_json_text(std::string_view text, const Limits& limits) {
  if (text.size() > limits.text_bytes) {
    return std::unexpected(DataError{"", "the JSON has " + std::to_string(text.size()) +
                                             " bytes; the limit is " + std::to_string(limits.text_bytes)});
  }
  json::parse_options options;
  options.max_depth = limits.depth + 8;  // what surrounds the values

  json::error_code error;
  json::value parsed = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return std::unexpected(DataError{"", "this is not JSON: " + error.message()});

  json::basic_parser<DuplicateFinder> finder(options);
  finder.write_some(false, text.data(), text.size(), error);
  const std::string& duplicate = finder.handler().duplicate;
  if (error) return std::unexpected(DataError{"", "an object has the name \"" + duplicate + "\" twice"});
  return parsed;
}

}  // namespace cedar
