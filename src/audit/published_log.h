// A real log for the tests: a store, entries in it, and the folder that is published from it.

#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>

#include "audit/files.h"
#include "audit/log.h"
#include "audit/publisher.h"
#include "audit/verifier.h"
#include "store/temp_folder.h"

namespace remit::audit {

inline void PrintTo(const Problem& problem, std::ostream* out) {
  *out << (problem.entry ? std::to_string(*problem.entry) : "log") << " " << problem.what;
}

class PublishedLog : public testing::Test {
 protected:
  static constexpr std::string_view kOrigin = "remit.example/log";

  store::TempFolder temp_;
  ManualClock clock_{parse_instant("2026-11-24T05:00:00Z").value()};
  SeededRandom random_{11};
  SigningKey key_ = SigningKey::make(kOrigin, random_).value();
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Publisher> publisher_;

  std::filesystem::path folder() const { return temp_ / "log"; }
  Publisher::Options options() const { return {.folder = folder(), .state = temp_ / "state"}; }
  std::filesystem::path path(const std::string& name) const { return folder() / name; }

  void SetUp() override { open(); }
  void open() {
    open_store();
    publisher_ = Publisher::open(*store_, key_, options()).value();
    log_ = Log::open(*store_, clock_, random_).value();
    publish();
  }
  void open_store() {
    store_ = store::Store::open({.file = temp_ / "remit.db", .migrations = migrations()}).value();
  }
  void close() {
    publisher_.reset();
    log_.reset();
    store_.reset();
  }

  // Appends intents and their outcomes, `count` entries in all (an odd count leaves the last intent open).
  void fill(std::size_t count) {
    ASSERT_TRUE(store_->run([&](store::Transaction& tx) -> Result<void> {
      DecisionId decision;
      for (std::size_t i = 0; i < count; ++i) {
        clock_.advance(std::chrono::milliseconds(3));
        if (i % 2 == 0) {
          decision = DecisionId::make(clock_, random_);
          TRY(log_->append_intent(tx, decision, {{"tool", "pay"}}, {}));
        } else {
          TRY(log_->append_outcome(tx, decision, OutcomeStatus::kOk, {}, {}));
        }
      }
      return {};
    }));
  }
  Checkpoint publish() { return publisher_->publish().value(); }

  Report verified(const VerifyOptions& options = {}) const {
    auto report = verify(folder(), key_.verifier(), options);
    EXPECT_TRUE(report) << format(report.error());
    return report ? std::move(*report) : Report{};
  }

  static std::string read(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static void overwrite(const std::filesystem::path& file, std::string_view bytes) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
  }

  std::vector<std::string> entries() {
    std::vector<std::string> all;
    EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Result<void> {
      ASSIGN_OR_RETURN(const auto size, log_size(reader));
      for (std::uint64_t i = 0; i < size; ++i) {
        ASSIGN_OR_RETURN(auto text, read_entry(reader, i));
        all.push_back(std::move(text));
      }
      return {};
    }));
    return all;
  }

  // What someone with the folder can do: make bundles and tiles anew from `entries`. With the key: sign them
  // too.
  void rewrite(const std::vector<std::string>& entries, bool sign) {
    std::filesystem::remove_all(folder() / "tile");
    TileBuilder builder;
    const auto sink = [&](const TileFile& file) { return write_durable(folder() / file.path(), file.bytes); };
    for (const auto& entry : entries) ASSERT_TRUE(builder.add(as_bytes(entry), sink));
    ASSERT_TRUE(builder.partial(sink));
    if (!sign) return;
    const Checkpoint checkpoint{.origin = std::string(kOrigin), .head = builder.head()};
    overwrite(path("checkpoint"), key_.sign(checkpoint.text()).value());
  }
};

}  // namespace remit::audit
