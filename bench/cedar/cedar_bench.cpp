// cedar_bench CASE_DIR [--budget SECONDS] [--requests K] [--answers FILE] [--only-authorize]
//
// Reads a case (schema.cedarschema, policies.cedar, templates.json, links.json, entities.json,
// requests.jsonl) and prints one JSON line a measurement. --answers writes what each request is answered, and
// measures nothing;
// --only-authorize passes over the requests once in `authorize_loop`, for callgrind.
//
// One thread. A measurement goes over its items in rounds until its share of the budget is spent, at least
// three times; `p50_best_ns` is the best round of each item, then the median over the items. Of `allocations`
// and `memory` the numbers are counts and bytes.

#include <malloc.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <new>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "cedar/cedar.h"

namespace {
std::size_t allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

namespace json = boost::json;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Options {
  fs::path folder;
  double budget = 2;
  std::size_t requests = SIZE_MAX;
  std::string answers;
  bool only_authorize = false;
};

struct Link {
  std::string template_id;
  std::string new_id;
  cedar::SlotValues values;
};

struct Texts {
  std::string schema;
  std::string policies;
  std::vector<std::pair<std::string, std::string>> templates;
  std::vector<Link> links;
  std::string entities;
  std::vector<std::string> requests;
};

[[noreturn]] void stop(const std::string& why) { throw std::runtime_error(why); }

std::string read(const fs::path& path, std::string otherwise) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return otherwise;
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

std::string text(const json::value& value) { return json::value_to<std::string>(value); }

cedar::EntityUid uid(const json::value& value) { return {text(value.at("type")), text(value.at("id"))}; }

Texts texts(const Options& options) {
  Texts found;
  found.schema = read(options.folder / "schema.cedarschema", "");
  found.policies = read(options.folder / "policies.cedar", "");
  found.entities = read(options.folder / "entities.json", "[]");
  const json::value templates = json::parse(read(options.folder / "templates.json", "{}"));
  for (const auto& [id, body] : templates.as_object()) found.templates.emplace_back(id, text(body));
  const json::value links = json::parse(read(options.folder / "links.json", "[]"));
  for (const json::value& link : links.as_array()) {
    Link& one =
        found.links.emplace_back(text(link.at("templateId")), text(link.at("newId")), cedar::SlotValues{});
    for (const auto& [slot, value] : link.at("values").as_object())
      (slot == "?principal" ? one.values.principal : one.values.resource) = uid(value);
  }
  std::istringstream lines(read(options.folder / "requests.jsonl", ""));
  for (std::string line; found.requests.size() < options.requests && std::getline(lines, line);) {
    if (!line.empty()) found.requests.push_back(line);
  }
  return found;
}

template <typename T>
T must(std::expected<T, cedar::DataError> result, const char* what) {
  if (!result) stop(std::string(what) + ": " + result.error().pointer + ": " + result.error().message);
  return *std::move(result);
}

void must(const std::expected<void, cedar::Diagnostics>& added, const std::string& body,
          const std::string& name) {
  if (!added) stop(cedar::render(added.error().front(), body, name));
}

cedar::PolicySet policies(const Texts& given) {
  cedar::PolicySetBuilder builder;
  must(builder.add(given.policies), given.policies, "policies.cedar");
  for (const auto& [id, body] : given.templates) must(builder.add(body, id), body, "template " + id);
  for (const Link& link : given.links) {
    const auto linked = builder.link(link.template_id, link.new_id, link.values);
    if (!linked) stop("link " + link.new_id + ": " + linked.error().message);
  }
  return std::move(builder).build();
}

cedar::Request request(const std::string& line) { return must(cedar::Request::parse_json(line), "request"); }

cedar::Entities entities(const Texts& given) {
  return must(cedar::Entities::parse_json(given.entities), "entities");
}

cedar::Schema schema(const Texts& given) {
  auto parsed = cedar::Schema::parse(given.schema);
  if (!parsed) stop(cedar::render(parsed.error().front(), given.schema, "schema.cedarschema"));
  return *std::move(parsed);
}

json::array ids(const std::set<std::string>& from) {
  json::array list;
  for (const std::string& id : from) list.emplace_back(id);
  return list;
}

json::object answer(const cedar::Response& response) {
  std::set<std::string> reasons;
  std::set<std::string> errors;
  for (const cedar::Policy* policy : response.determining) reasons.emplace(policy->id());
  for (const cedar::PolicyError& error : response.errors) errors.emplace(error.policy->id());
  return {{"decision", response.decision == cedar::Decision::kAllow ? "allow" : "deny"},
          {"reason", ids(reasons)},
          {"errors", ids(errors)}};
}

class Report {
 public:
  Report(std::string name, std::size_t policies) : name_(std::move(name)), policies_(policies) {}

  void line(const char* what, std::vector<std::uint64_t> all, std::vector<std::uint64_t> best) const {
    if (all.empty()) return;
    std::ranges::sort(all);
    std::ranges::sort(best);
    const auto at = [](const std::vector<std::uint64_t>& list, double share) {
      return list[std::min(static_cast<std::size_t>(static_cast<double>(list.size()) * share),
                           list.size() - 1)];
    };
    std::uint64_t sum = 0;
    for (const std::uint64_t one : all) sum += one;
    const json::object out{{"engine", "cpp"},
                           {"case", name_},
                           {"policies", policies_},
                           {"what", what},
                           {"n", all.size()},
                           {"min_ns", all.front()},
                           {"p50_ns", at(all, 0.5)},
                           {"p99_ns", at(all, 0.99)},
                           {"mean_ns", sum / all.size()},
                           {"p50_best_ns", at(best, 0.5)}};
    std::puts(json::serialize(out).c_str());
    std::fflush(stdout);
  }

  template <typename One>
  void measure(const char* what, std::size_t items, double budget, One one) const {
    constexpr std::size_t kMost = 20'000'000;
    std::vector<std::uint64_t> all;
    std::vector<std::uint64_t> best(items, UINT64_MAX);
    all.reserve(1U << 20U);
    const auto end = Clock::now() + std::chrono::duration<double>(budget);
    for (int round = 0; round < 3 || (Clock::now() < end && all.size() < kMost); ++round) {
      for (std::size_t i = 0; i < items; ++i) {
        const auto start = Clock::now();
        one(i);
        const auto took = static_cast<std::uint64_t>((Clock::now() - start).count());
        all.push_back(took);
        best[i] = std::min(best[i], took);
      }
    }
    line(what, std::move(all), std::move(best));
  }

 private:
  std::string name_;
  std::size_t policies_;
};

// Bytes that malloc has handed out.
std::uint64_t heap() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// Keeps a result from being optimised away.
template <typename T>
void use(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

Options parse(int argc, char** argv) {
  Options options;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto next = [&] {
      if (++i == arguments.size()) stop(arguments.back() + " needs a value");
      return arguments[i];
    };
    if (arguments[i] == "--budget") {
      options.budget = std::stod(next());
    } else if (arguments[i] == "--requests") {
      options.requests = std::stoull(next());
    } else if (arguments[i] == "--answers") {
      options.answers = next();
    } else if (arguments[i] == "--only-authorize") {
      options.only_authorize = true;
    } else if (options.folder.empty() && !arguments[i].starts_with("--")) {
      options.folder = arguments[i];
    } else {
      stop("what is `" + arguments[i] + "`?");
    }
  }
  if (!fs::is_directory(options.folder))
    stop("usage: cedar_bench CASE_DIR [--budget SECONDS] [--requests K] [--answers FILE] [--only-authorize]");
  return options;
}

}  // namespace

extern "C" [[gnu::noinline]] std::size_t authorize_loop(const cedar::Request* requests, std::size_t count,
                                                        const cedar::PolicySet& set,
                                                        const cedar::Entities& entities) {
  cedar::Response response;
  std::size_t allowed = 0;
  for (std::size_t i = 0; i < count; ++i) {
    cedar::authorize(requests[i], set, entities, response);
    if (response.decision == cedar::Decision::kAllow) ++allowed;
  }
  return allowed;
}

int main(int argc, char** argv) try {
  const Options options = parse(argc, argv);
  const Texts given = texts(options);
  const std::uint64_t before = heap();
  const cedar::PolicySet set = policies(given);
  const cedar::Entities known = entities(given);
  const std::uint64_t memory = heap() - before;
  std::vector<cedar::Request> requests;
  requests.reserve(given.requests.size());
  for (const std::string& line : given.requests) requests.push_back(request(line));

  if (!options.answers.empty()) {
    std::ofstream file(options.answers, std::ios::binary);
    for (const cedar::Request& one : requests)
      file << json::serialize(answer(cedar::authorize(one, set, known))) << '\n';
    return file.flush() ? 0 : 1;
  }
  if (options.only_authorize) {
    std::fprintf(stderr, "%zu allowed\n", authorize_loop(requests.data(), requests.size(), set, known));
    return 0;
  }

  const Report report(options.folder.filename().string(), set.policies().size());
  const double share = options.budget / 8;
  cedar::Response response;
  report.measure("authorize", requests.size(), options.budget, [&](std::size_t i) {
    cedar::authorize(requests[i], set, known, response);
    use(response);
  });
  report.measure("build_request", requests.size(), share,
                 [&](std::size_t i) { use(request(given.requests[i])); });
  report.measure("authorize_json", requests.size(), share, [&](std::size_t i) {
    const cedar::Request one = request(given.requests[i]);
    cedar::authorize(one, set, known, response);
    use(response);
  });
  report.measure("parse_policies", 1, share, [&](std::size_t) { use(policies(given)); });
  report.measure("parse_entities", 1, share, [&](std::size_t) { use(entities(given)); });
  if (!given.schema.empty()) {
    const cedar::Schema types = schema(given);
    report.measure("parse_schema", 1, share, [&](std::size_t) { use(schema(given)); });
    report.measure("parse_entities_with_schema", 1, share, [&](std::size_t) {
      use(must(cedar::Entities::parse_json(given.entities, types), "entities with the schema"));
    });
    const cedar::ValidationReport checked = cedar::validate(set, types);
    if (!checked.passed())
      stop("the policies do not validate: " + checked.findings.front().diagnostic.message);
    report.measure("validate", 1, share, [&](std::size_t) { use(cedar::validate(set, types)); });
  }

  std::vector<std::uint64_t> counts;
  counts.reserve(requests.size());
  for (const cedar::Request& one : requests) {
    const std::size_t start = allocations;
    cedar::authorize(one, set, known, response);
    counts.push_back(allocations - start);
  }
  report.line("allocations", counts, counts);
  report.line("memory", {memory}, {memory});
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "cedar_bench: %s\n", error.what());
  return 2;
}
