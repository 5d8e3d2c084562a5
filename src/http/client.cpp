#include "http/client.h"

#include <algorithm>
#include <array>

#include "http/client_call.h"
#include "http/client_pool.h"

namespace remit::http {

bool may_have_arrived(const Error& error) {
  constexpr std::array<std::string_view, 9> kNotSent = {"RMT-H020", "RMT-H021", "RMT-H024",
                                                        "RMT-H026", "RMT-H028", "RMT-H030",
                                                        "RMT-H032", "RMT-H033", "RMT-H034"};
  return std::ranges::find(kNotSent, error.code) == kNotSent.end();
}

BodyReader::BodyReader(std::shared_ptr<ClientCall> call) : call_(std::move(call)) {}
BodyReader::~BodyReader() = default;
BodyReader::BodyReader(BodyReader&&) noexcept = default;
BodyReader& BodyReader::operator=(BodyReader&&) noexcept = default;

Task<Result<std::string>> BodyReader::read() { return call_->read_piece(); }

Client::Client(Loop& loop, ClientOptions options)
    : pool_(std::make_shared<ClientPool>(loop, std::move(options))) {}

Client::~Client() { pool_->close_idle(); }

namespace {

// These own what they run on, so that a call that was made goes on without its client.
Task<Result<Response>> run_to_end(std::shared_ptr<ClientCall> running) {
  auto done = co_await running->run_to_header();
  if (done) done = co_await running->read_to_end();
  if (!done) co_return std::unexpected(std::move(done).error());
  co_return std::move(running->response());
}

Task<Result<StreamedResponse>> run_to_header(std::shared_ptr<ClientCall> running) {
  auto done = co_await running->run_to_header();
  if (!done) co_return std::unexpected(std::move(done).error());
  StreamedResponse response{.status = running->response().status,
                            .headers = std::move(running->response().headers),
                            .body = BodyReader(running)};
  running->header_taken();
  co_return response;
}

}  // namespace

Task<Result<Response>> Client::call(Call call, CallOptions options) {
  return run_to_end(std::make_shared<ClientCall>(pool_, std::move(call), std::move(options)));
}

Task<Result<StreamedResponse>> Client::open(Call call, CallOptions options) {
  return run_to_header(std::make_shared<ClientCall>(pool_, std::move(call), std::move(options)));
}

std::size_t Client::idle_connections() const { return pool_->idle(); }

}  // namespace remit::http
