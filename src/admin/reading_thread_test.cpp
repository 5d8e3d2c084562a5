#include "admin/reading_thread.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <stdexcept>

#include "http/block_on.h"
#include "store/temp_folder.h"

namespace remit::admin {
namespace {

using namespace std::chrono_literals;

class ReadingThreads : public testing::Test {
 protected:
  ReadingThreads()
      : store_(std::move(store::Store::open({.file = folder_ / "remit.db",
                                             .migrations = {{1, "note", "CREATE TABLE note (text TEXT)"}}}))
                   .value()) {}

  Result<> add_note() {
    return store_->run([](store::Transaction& tx) -> Result<> {
      TRY(tx.execute("INSERT INTO note (text) VALUES ('x')"));
      return {};
    });
  }

  // How many notes there are, from the reading thread.
  http::Task<Result<>> count(std::int64_t* notes) {
    return reading_.run([notes](store::Reader& reader) -> Result<> {
      ASSIGN_OR_RETURN(const auto rows, reader.query("SELECT count(*) FROM note"));
      *notes = rows.at(0).integer(0);
      return {};
    });
  }

  const store::TempFolder folder_;
  std::unique_ptr<store::Store> store_;
  ReadingThread reading_{*store_};
  http::Loop loop_;
};

TEST_F(ReadingThreads, ReadWhatIsDurableAndGoOnOnTheLoop) {
  ASSERT_TRUE(add_note());
  std::int64_t notes = 0;
  bool on_loop = false;
  const auto read = [&]() -> http::Task<Result<>> {
    auto done = co_await count(&notes);
    on_loop = loop_.on_own_thread();
    co_return done;
  };
  ASSERT_TRUE(http::block_on(loop_, read()));
  EXPECT_EQ(notes, 1);
  EXPECT_TRUE(on_loop);
}

TEST_F(ReadingThreads, HoldUpNeitherWritesNorTheLoop) {
  std::promise<void> reading;
  std::promise<void> go_on;
  auto slow = boost::asio::co_spawn(loop_.context(), reading_.run([&](store::Reader&) -> Result<> {
    reading.set_value();
    if (go_on.get_future().wait_for(30s) != std::future_status::ready)
      return fail(ErrorKind::kInternal, "RMT-X013", "held up");
    return {};
  }),
                                    boost::asio::use_future);
  reading.get_future().wait();
  EXPECT_TRUE(add_note());
  std::promise<void> turned;
  loop_.post([&] { turned.set_value(); });
  EXPECT_EQ(turned.get_future().wait_for(30s), std::future_status::ready);
  go_on.set_value();
  EXPECT_TRUE(slow.get());
}

TEST_F(ReadingThreads, TellWhatWentWrong) {
  const auto refused = http::block_on(loop_, reading_.run([](store::Reader&) -> Result<> {
    return fail(ErrorKind::kNotFound, "RMT-A014", "there is none");
  }));
  EXPECT_EQ(refused.error().code, "RMT-A014");
  const auto threw = http::block_on(
      loop_, reading_.run([](store::Reader&) -> Result<> { throw std::out_of_range("no such column"); }));
  EXPECT_EQ(threw.error().code, "RMT-X013");
  std::int64_t notes = -1;
  EXPECT_TRUE(http::block_on(loop_, count(&notes)));
  EXPECT_EQ(notes, 0);
}

}  // namespace
}  // namespace remit::admin
