#include "server/log_format.h"

#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/clock.h"
#include "base/utf8.h"

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
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const auto time = std::chrono::floor<std::chrono::microseconds>(message.time);
    const auto level = spdlog::level::to_string_view(message.level);
    const boost::json::object line{{"time", format_instant(time)},
                                   {"level", std::string_view(level.data(), level.size())},
                                   {"message", as_utf8({message.payload.data(), message.payload.size()})}};
    const auto text = boost::json::serialize(line);
    out.append(text.data(), text.data() + text.size());
    out.push_back('\n');
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonLines>(); }
};

}  // namespace

void start_logging(std::string_view level) {
  auto logger = std::make_shared<spdlog::logger>("remit", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::make_unique<JsonLines>());
  logger->set_level(spdlog::level::from_str(std::string(level)));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace remit::server
