// What the tests of the catalog have in common: a store with its log, two people who are here, and one who is
// not.

#pragma once

#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "store/temp_folder.h"

namespace remit::catalog {

inline std::vector<store::Migration> all_migrations() {
  auto all = audit::migrations();
  for (auto& migration : migrations()) all.push_back(migration);
  return all;
}

class World : public testing::Test {
 protected:
  template <typename T, typename Work>
  Result<T> run(Work work) {
    std::optional<T> value;
    TRY(store_->run([&](store::Transaction& tx) -> Result<void> {
      ASSIGN_OR_RETURN(value, work(tx));
      return {};
    }));
    return std::move(*value);
  }
  Result<void> run(const store::Store::Work& work) { return store_->run(work); }
  std::uint64_t log_entries() {
    std::uint64_t size = 0;
    EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Result<void> {
      ASSIGN_OR_RETURN(size, audit::log_size(reader));
      return {};
    }));
    return size;
  }

  const HumanId maria_ = HumanId::trusted("hum_maria");
  const HumanId jonas_ = HumanId::trusted("hum_jonas");
  const HumanId leaver_ = HumanId::trusted("hum_leaver");
  const audit::Actor operator_{"operator", "cli"};
  store::TempFolder folder_;
  ManualClock clock_{parse_instant("2026-11-24T05:00:00Z").value()};
  SeededRandom random_{11};
  std::unique_ptr<store::Store> store_ =
      store::Store::open({.file = folder_ / "remit.db", .migrations = all_migrations()}).value();
  std::unique_ptr<audit::Log> log_ = audit::Log::open(*store_, clock_, random_).value();
  Vault vault_ = Vault::make(folder_ / "vault.key", random_).value();
  RequirePerson here_ = [this](store::Reader&, const HumanId& human) -> Result<void> {
    if (human == maria_ || human == jonas_) return {};
    return fail(ErrorKind::kForbidden, "RMT-I002", "has left");
  };
  Catalog catalog_{*log_, clock_, random_, vault_, here_};
};

inline void expect_code(const auto& result, std::string_view code) {
  ASSERT_FALSE(result) << "expected " << code;
  EXPECT_EQ(result.error().code, code) << result.error().message;
  EXPECT_NE(find_error(code), nullptr) << code << " is not in the catalogue";
}

}  // namespace remit::catalog
