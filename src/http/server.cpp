#include "http/server.h"

#include <future>

#include "http/acceptor.h"
#include "http/connection.h"
#include "http/server_core.h"

namespace remit::http {
namespace {

// Runs `work` on a loop and waits for it.
void run_on(Loop& loop, std::function<void()> work) {
  std::promise<void> done;
  auto finished = done.get_future();
  loop.post([work = std::move(work), done = std::move(done)]() mutable {
    work();
    done.set_value();
  });
  finished.wait();
}

}  // namespace

bool ServerCore::add(std::shared_ptr<Connection> connection) {
  std::lock_guard lock(mutex_);
  if (draining_ || connections_.size() >= options.max_connections) return false;
  connections_.insert(std::move(connection));
  return true;
}

void ServerCore::remove(const std::shared_ptr<Connection>& connection) {
  std::lock_guard lock(mutex_);
  connections_.erase(connection);
  if (connections_.empty()) changed_.notify_all();
}

std::vector<std::shared_ptr<Connection>> ServerCore::connections() const {
  std::lock_guard lock(mutex_);
  return {connections_.begin(), connections_.end()};
}

std::size_t ServerCore::connection_count() const {
  std::lock_guard lock(mutex_);
  return connections_.size();
}

bool ServerCore::wait_until_none(std::chrono::steady_clock::time_point until) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, until, [this] { return connections_.empty(); });
}

void ServerCore::add_acceptor(std::shared_ptr<Acceptor> acceptor) {
  std::lock_guard lock(mutex_);
  acceptors_.push_back(std::move(acceptor));
}

void ServerCore::stop_accepting() {
  std::unique_lock lock(mutex_);
  auto acceptors = std::exchange(acceptors_, {});
  lock.unlock();
  for (auto& acceptor : acceptors) run_on(acceptor->loop(), [&] { acceptor->close(); });
}

void ServerCore::start_draining() {
  draining_ = true;
  for (auto& connection : connections()) connection->loop().post([connection] { connection->drain(); });
}

void ServerCore::close_all() {
  const auto all = connections();
  for (std::size_t i = 0; i < loops.size(); ++i)
    run_on(loops[i], [&] {
      for (const auto& connection : all)
        if (&connection->loop() == &loops[i]) connection->close();
    });
}

Server::Server(LoopGroup& loops, ServerOptions options, Handler handler)
    : core_(std::make_shared<ServerCore>(loops, std::move(options), std::move(handler))) {}

Server::~Server() {
  core_->stop_accepting();
  core_->start_draining();
  core_->close_all();
  core_->wait_until_none(std::chrono::steady_clock::time_point::max());
}

Result<std::string> Server::listen(std::string_view address) {
  auto acceptor = Acceptor::open(core_, address);
  if (!acceptor) return std::unexpected(std::move(acceptor).error());
  core_->add_acceptor(*acceptor);
  (*acceptor)->loop().post([acceptor = *acceptor] { acceptor->accept(); });
  return (*acceptor)->address();
}

bool Server::drain(std::chrono::milliseconds within, const std::function<void()>& last_call) {
  const auto until = std::chrono::steady_clock::now() + within;
  core_->stop_accepting();
  core_->start_draining();
  const bool finished = core_->wait_until_none(until);
  if (finished) return true;
  if (last_call) {
    last_call();
    core_->wait_until_none(std::chrono::steady_clock::now() + kLastCall);
  }
  core_->close_all();
  return false;
}

void Server::close_all() { core_->close_all(); }

std::size_t Server::connections() const { return core_->connection_count(); }

}  // namespace remit::http
