// ApiTest: the API on a store of its own, with snapshots swapped as the server does. For tests of routes.

#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "admin/api.h"
#include "base/canonical_json.h"
#include "catalog/load.h"
#include "http/block_on.h"
#include "identity/load.h"
#include "jose/key.h"
#include "store/temp_folder.h"

namespace remit::admin {

inline constexpr Instant kNow{std::chrono::seconds(1'800'000'000)};

class ApiTest : public testing::Test {
 protected:
  ApiTest() : clock_(kNow), random_(7) {
    auto migrations = audit::migrations();
    std::ranges::move(identity::migrations(), std::back_inserter(migrations));
    std::ranges::move(catalog::migrations(), std::back_inserter(migrations));
    store_ =
        std::move(store::Store::open({.file = folder_ / "remit.db", .migrations = std::move(migrations)}))
            .value();
    store_->on_commit([this](std::int64_t revision, store::Reader& reader) { swap(revision, reader); });
    log_ = std::move(audit::Log::open(*store_, clock_, random_)).value();
    registry_ = std::make_unique<identity::Registry>(*log_, clock_, random_);
    vault_ = std::make_unique<catalog::Vault>(catalog::Vault::make(folder_ / "vault.key", random_).value());
    catalog_ =
        std::make_unique<catalog::Catalog>(*log_, clock_, random_, *vault_, identity::require_active_human);
    policies_ =
        std::make_unique<catalog::PolicyPublisher>(*log_, clock_, random_, identity::require_active_human);
    store_
        ->read([this](store::Reader& reader) -> Result<> {
          swap(store_->revision(), reader);
          return {};
        })
        .value();
    api_ = std::make_unique<Api>(parts(snapshots_));
  }

  void swap(std::int64_t revision, store::Reader& reader) {
    snapshot::SnapshotData data;
    data.revision = revision;
    ASSERT_TRUE(identity::load(reader, data, snapshots_.current().get()));
    ASSERT_TRUE(catalog::load(reader, data));
    snapshots_.swap(std::make_shared<snapshot::Snapshot>(std::move(data)));
  }

  ApiParts parts(const snapshot::SnapshotHolder& snapshots) {
    return {.store = *store_,
            .registry = *registry_,
            .catalog = *catalog_,
            .policies = *policies_,
            .snapshots = snapshots,
            .clock = clock_,
            .list_tools = [this](snapshot::Destination) -> http::Task<Result<mcp::ToolPage>> {
              co_return offered();
            },
            .admit_child = [](snapshot::StdioTransport stdio) -> Result<snapshot::StdioTransport> {
              return stdio;
            },
            .version = "1.2.3",
            .doors = [this] { return doors_; },
            .contacts = [this] { return contacts_; }};
  }

  // A request that is answered with a problem.
  struct Faulty {
    http::Method method;
    std::string_view target;
    std::string_view body;
    int status;
    std::string_view code;
  };

  // Sends each, and expects its problem and that nothing is changed.
  void expect_problems(std::span<const Faulty> requests) {
    const auto before = store_->revision();
    for (const auto& faulty : requests) {
      const auto reply = raw(faulty.method, faulty.target, std::string(faulty.body));
      EXPECT_EQ(reply.status, faulty.status) << faulty.target << " " << faulty.body;
      EXPECT_EQ(reply.code(), faulty.code) << faulty.target << " " << boost::json::serialize(reply.body);
      EXPECT_TRUE(reply.body.contains("fix")) << faulty.target;
    }
    EXPECT_EQ(store_->revision(), before);
  }

  struct Reply {
    int status;
    boost::json::object body;
    std::string code() const { return body.contains("code") ? std::string(body.at("code").as_string()) : ""; }
  };

  Reply call(http::Method method, std::string_view path, const boost::json::value& body = nullptr) {
    return raw(method, path, body.is_null() ? "" : boost::json::serialize(body));
  }

  Reply raw(http::Method method, std::string_view target, std::string body) {
    const auto path = target.substr(0, target.find('?'));
    http::Request request{.method = method,
                          .target = std::string(target),
                          .path = std::string(path),
                          .query = std::string(target.substr(std::min(path.size() + 1, target.size()))),
                          .headers = {},
                          .body = std::move(body),
                          .peer = {}};
    const auto response =
        http::block_on(loop_, api_->handle(std::move(request), {.id = "operator", .via = "api"}));
    return {response.status, parse_json(response.body).value().as_object()};
  }

  Reply post(std::string_view path, const boost::json::object& body = {}) {
    return call(http::Method::kPost, path, body);
  }
  Reply get(std::string_view target) { return call(http::Method::kGet, target); }

  boost::json::object registration(std::string_view name, std::string_view environment) {
    return {
        {"name", name},
        {"owner", "ana"},
        {"purpose", "Close supplier invoices"},
        {"process", "accounts-payable"},
        {"issuing_system", "remit"},
        {"environment", environment},
        {"expires", "2027-04-01T00:00:00Z"},
        {"public_jwk", jose::PrivateKey::generate(jose::Algorithm::kEd25519, random_).public_key().jwk()}};
  }

  // What the destinations' server offers, each definition in JSON.
  Result<mcp::ToolPage> offered() {
    if (definitions_.empty()) return fail(ErrorKind::kUnavailable, "RMT-U001", "nobody answers");
    mcp::ToolPage page;
    for (const auto& raw : definitions_) {
      auto tool = mcp::parse_tool(raw);
      if (tool)
        page.tools.push_back(std::move(*tool));
      else
        page.refused.push_back({"odd", std::move(tool).error()});
    }
    return page;
  }

  void with_people() {
    for (const auto name : {"ana", "raj"}) ASSERT_EQ(post("/v1/humans", {{"name", name}}).status, 201);
  }

  // And a destination of raj's in sandbox, `erp`, that lists `definitions_`.
  void with_erp() {
    with_people();
    ASSERT_EQ(post("/v1/destinations", {{"environment", "sandbox"},
                                        {"name", "erp"},
                                        {"url", "http://127.0.0.1:9/mcp"},
                                        {"data_class", "internal"},
                                        {"owner", "raj"}})
                  .status,
              201);
  }

  const store::TempFolder folder_;
  ManualClock clock_;
  SeededRandom random_;
  snapshot::SnapshotHolder snapshots_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<audit::Log> log_;
  std::unique_ptr<identity::Registry> registry_;
  std::unique_ptr<catalog::Vault> vault_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<catalog::PolicyPublisher> policies_;
  std::vector<std::string> definitions_;
  std::map<std::pair<Environment, std::string>, Contact> contacts_;
  Doors doors_;
  std::unique_ptr<Api> api_;
  http::Loop loop_;
};

}  // namespace remit::admin
