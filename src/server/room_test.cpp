// What a plane does on a disk without room: it starts, answers commands, and lets no call through.

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <thread>

#include "http/block_on.h"
#include "http/client.h"
#include "server/plane.h"
#include "store/temp_folder.h"

namespace remit::server {
namespace {

int readiness(const std::string& address) {
  http::Loop loop;
  http::Client client(loop);
  auto url = http::parse_url("http://" + address + "/readyz").value();
  const auto answer =
      http::block_on(loop, client.call({.method = http::Method::kGet, .url = std::move(url)}));
  loop.stop();  // before its client goes
  return answer.value().status;
}

TEST(Room, APlaneIsReadyOnlyWhereTheDiskHasRoom) {
  const struct {
    std::uint64_t needed;
    int status;
  } cases[] = {{.needed = 1, .status = 200},
               {.needed = std::numeric_limits<std::uint64_t>::max(), .status = 503}};
  for (const auto& [needed, status] : cases) {
    const store::TempFolder folder;
    Config config;
    config.data = folder.path();
    config.listen = {"127.0.0.1:0"};
    config.threads = 1;
    config.min_free_bytes = needed;
    const auto plane = Plane::open(std::move(config)).value();
    const auto addresses = plane->listen().value();
    EXPECT_EQ(readiness(addresses.front()), status);
    EXPECT_TRUE(plane->stop());
  }
}

TEST(Room, APlaneThatCannotPublishIsNotReadyUntilItCanAgain) {
  const store::TempFolder folder;
  Config config;
  config.data = folder.path();
  config.listen = {"127.0.0.1:0"};
  config.threads = 1;
  config.min_free_bytes = 1;
  // Something stands where a tile is to be written.
  const auto in_the_way = folder.path() / "audit" / "tile" / "0" / "000.p";
  {
    const auto plane = Plane::open(config).value();
    std::filesystem::remove_all(in_the_way);
  }
  std::filesystem::remove_all(in_the_way);
  std::ofstream(in_the_way) << "a file, where a folder belongs";
  const auto plane = Plane::open(config).value();
  const auto addresses = plane->listen().value();
  while (readiness(addresses.front()) != 503) std::this_thread::yield();
  std::filesystem::remove(in_the_way);
  while (readiness(addresses.front()) != 200) std::this_thread::yield();
  EXPECT_TRUE(plane->stop());
}

}  // namespace
}  // namespace remit::server
