// Command lines of the benchmark's programs: `--name value`, each name at most once.

#pragma once

#include <charconv>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace remit::bench {

class Options {
 public:
  // Throws std::runtime_error on anything else than `--name value` with a name of `known`.
  Options(int argc, char** argv, std::initializer_list<std::string_view> known) {
    for (int at = 1; at < argc; at += 2) {
      const std::string_view name = argv[at];
      bool found = false;
      for (const auto candidate : known) found = found || name == candidate;
      if (!found) throw std::runtime_error("unknown option " + std::string(name));
      if (at + 1 == argc) throw std::runtime_error("no value behind " + std::string(name));
      values_[std::string(name)] = argv[at + 1];
    }
  }

  std::string text(std::string_view name, std::string fallback = {}) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::move(fallback) : found->second;
  }
  std::uint64_t number(std::string_view name, std::uint64_t fallback) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return fallback;
    const auto& text = found->second;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
      throw std::runtime_error(std::string(name) + " takes a number");
    }
    return value;
  }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace remit::bench
