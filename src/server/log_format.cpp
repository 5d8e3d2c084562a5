#include "server/log_format.h"

#include <spdlog/formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <mutex>

#include "base/clock.h"
#include "base/utf8.h"
#include "server/line_limiter.h"

namespace remit::server {
namespace {

// Bytes that are no UTF-8 become U+FFFD: a message may quote what a client sent, and the line is JSON all the
// same.
std::string as_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto rest = text;
    if (take_code_point(text) == kNotUtf8)
      out += "\ufffd";
    else
      out += rest.substr(0, rest.size() - text.size());
  }
  return out;
}

class JsonLines final : public spdlog::formatter {
 public:
  explicit JsonLines(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const auto time = std::chrono::floor<std::chrono::microseconds>(message.time);
    const auto level = spdlog::level::to_string_view(message.level);
    const boost::json::object line{
        {"time", format_instant(time)},
        {"level", std::string_view(level.data(), level.size())},
        {"message", as_utf8(utf8_head({message.payload.data(), message.payload.size()}, max_bytes_))}};
    const auto text = boost::json::serialize(line);
    out.append(text.data(), text.data() + text.size());
    out.push_back('\n');
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonLines>(max_bytes_);
  }

 private:
  const std::size_t max_bytes_;
};

// Passes on what the limiter lets through. What it left out is told when a later line comes, and by the
// flush of every second.
class LimitedLines final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  LimitedLines(spdlog::sink_ptr to, std::size_t most) : to_(std::move(to)), limiter_(most) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    tell_left_out();
    const std::string_view text(message.payload.data(), message.payload.size());
    // Who asks for `debug` wants every call.
    if (message.level == spdlog::level::critical || message.level == spdlog::level::debug ||
        limiter_.passes(text, std::chrono::steady_clock::now()))
      to_->log(message);
  }
  void flush_() override {
    tell_left_out();
    to_->flush();
  }
  void set_formatter_(std::unique_ptr<spdlog::formatter> formatter) override {
    to_->set_formatter(std::move(formatter));
  }

  void tell_left_out() {
    const auto now = std::chrono::steady_clock::now();
    if (now - told_ < kTell) return;
    told_ = now;
    for (const auto& line : limiter_.left_out(now)) to_->log({"remit", spdlog::level::info, line});
  }

  static constexpr std::chrono::seconds kTell{1};
  const spdlog::sink_ptr to_;
  LineLimiter limiter_;
  std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
};

}  // namespace

void start_logging(const LogOptions& options) {
  auto logger = std::make_shared<spdlog::logger>(
      "remit", std::make_shared<LimitedLines>(std::make_shared<spdlog::sinks::stderr_sink_mt>(),
                                              options.max_lines_of_a_kind));
  logger->set_formatter(std::make_unique<JsonLines>(options.max_line_bytes));
  logger->set_level(spdlog::level::from_str(std::string(options.level)));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
  spdlog::flush_every(std::chrono::seconds(1));
}

}  // namespace remit::server
