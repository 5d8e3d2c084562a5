#include "http/client_pool.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>

namespace remit::http {

namespace asio = boost::asio;

ClientPool::ClientPool(Loop& loop, ClientOptions options)
    : loop_(loop), options_(std::move(options)), tls_(asio::ssl::context::tls_client) {
  tls_.set_default_verify_paths();
  tls_.set_verify_mode(asio::ssl::verify_peer);
  SSL_CTX_set_min_proto_version(tls_.native_handle(), TLS1_2_VERSION);
  constexpr unsigned char kAlpn[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(tls_.native_handle(), kAlpn, sizeof(kAlpn) - 1);
  if (!options_.extra_ca_pem.empty()) tls_.add_certificate_authority(asio::buffer(options_.extra_ca_pem));
}

Result<ClientPool::Lease> ClientPool::take(const std::string& name, bool fresh) {
  auto& origin = origins_[name];
  while (!fresh && !origin.resting.empty()) {
    auto connection = std::move(origin.resting.back());
    origin.resting.pop_back();
    if (connection->wake_up()) return Lease{std::move(connection), true};
    --origin.open;
    --open_;
  }
  if (origin.open >= options_.max_connections_per_origin && !origin.resting.empty()) {
    origin.resting.front()->wake_up();
    origin.resting.erase(origin.resting.begin());
    --origin.open;
    --open_;
  }
  if (origin.open >= options_.max_connections_per_origin)
    return fail(ErrorKind::kUnavailable, "RMT-H033",
                "there are already " + std::to_string(origin.open) + " connections to " + name);
  if (open_ >= options_.max_connections && !close_one_resting())
    return fail(ErrorKind::kUnavailable, "RMT-H033",
                "there are already " + std::to_string(open_) + " connections to all origins together");
  ++origin.open;
  ++open_;
  return Lease{std::make_shared<ClientConnection>(loop_, options_, tls_), false};
}

void ClientPool::give_back(const std::string& name, std::shared_ptr<ClientConnection> connection) {
  if (closed_) return discard(name);
  connection->rest(options_.idle_timeout, [pool = weak_from_this(), name, raw = connection.get()] {
    if (auto alive = pool.lock()) alive->forget(name, raw);
  });
  origins_[name].resting.push_back(std::move(connection));
}

void ClientPool::discard(const std::string& name) {
  auto it = origins_.find(name);
  if (it == origins_.end()) return;
  --open_;
  if (--it->second.open == 0) origins_.erase(it);
}

bool ClientPool::close_one_resting() {
  const auto found =
      std::ranges::find_if(origins_, [](const auto& entry) { return !entry.second.resting.empty(); });
  if (found == origins_.end()) return false;
  auto& origin = found->second;
  origin.resting.front()->wake_up();
  origin.resting.erase(origin.resting.begin());
  --origin.open;
  --open_;
  return true;
}

void ClientPool::forget(const std::string& name, const ClientConnection* connection) {
  auto it = origins_.find(name);
  if (it == origins_.end()) return;
  if (std::erase_if(it->second.resting, [&](const auto& resting) { return resting.get() == connection; }) > 0)
    discard(name);
}

void ClientPool::close_idle() {
  closed_ = true;
  for (auto& [name, origin] : origins_) {
    origin.open -= origin.resting.size();
    open_ -= origin.resting.size();
    origin.resting.clear();
  }
}

std::size_t ClientPool::idle() const {
  std::size_t count = 0;
  for (const auto& [name, origin] : origins_) count += origin.resting.size();
  return count;
}

}  // namespace remit::http
