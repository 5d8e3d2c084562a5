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

Admission admit_all(Handler handler, std::size_t max_body_bytes) {
  return [handler = std::make_shared<const Handler>(std::move(handler)),
          max_body_bytes](const Request&) -> std::expected<Admitted, Response> {
    return Admitted{
        .answer = [handler](Request& request, Exchange& exchange) { return (*handler)(request, exchange); },
        .max_body_bytes = max_body_bytes};
  };
}

}  // namespace

bool ServerCore::add(const std::shared_ptr<Connection>& connection) {
  std::unique_lock lock(mutex_);
  if (draining_) return false;
  const auto taken = table_.add(connection);
  lock.unlock();
  for (const auto& idle : taken.closed_for_it) idle->loop().post([idle] { idle->make_room(); });
  return taken.in;
}

void ServerCore::keep(const std::shared_ptr<Connection>& connection) {
  std::lock_guard lock(mutex_);
  table_.keep(connection);
}

void ServerCore::remove(const std::shared_ptr<Connection>& connection) {
  std::lock_guard lock(mutex_);
  table_.remove(connection);
  if (table_.size() == 0) changed_.notify_all();
}

std::vector<std::shared_ptr<Connection>> ServerCore::connections() const {
  std::lock_guard lock(mutex_);
  return table_.all();
}

std::size_t ServerCore::connection_count() const {
  std::lock_guard lock(mutex_);
  return table_.size();
}

bool ServerCore::crowded() const {
  std::lock_guard lock(mutex_);
  return table_.crowded();
}

bool ServerCore::wait_until_none(std::chrono::steady_clock::time_point until) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, until, [this] { return table_.size() == 0; });
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

Server::Server(LoopGroup& loops, ServerOptions options, Admission admission)
    : core_(std::make_shared<ServerCore>(loops, std::move(options), std::move(admission))) {}

Server::Server(LoopGroup& loops, const ServerOptions& options, Handler handler)
    : Server(loops, options, admit_all(std::move(handler), options.max_body_bytes)) {}

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
