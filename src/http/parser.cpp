#include "http/parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <optional>

#include "http/body_decoder.h"
#include "http/parse_failures.h"

namespace remit::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using BeastView = beast::string_view;
using HttpError = beast::http::error;

std::string_view view(BeastView text) { return {text.data(), text.size()}; }

ParseFailure from_beast(error_code error) {
  return error == HttpError::bad_version ? unsupported_version() : malformed(error.message());
}

// Beast reads the header, with stricter rules around it; BodyDecoder the body. `Interface` is RequestParser
// or ResponseParser.
template <bool kIsRequest, typename Interface>
class Parser : public Interface {
 public:
  explicit Parser(const ParseLimits& limits) : limits_(limits) {}

  std::expected<std::size_t, ParseFailure> feed(std::string_view bytes) override {
    if (!beast_->is_header_done()) {
      // One empty line before a request is forgiven (RFC 9112 §2.2).
      if (kIsRequest && !forgave_empty_line_ && bytes.starts_with("\r\n")) {
        forgave_empty_line_ = true;
        scanned_ = 0;
        return 2;
      }
      const auto block = complete_header(bytes);
      if (!block || *block == 0) return block;
      if (auto read = read_header(bytes.substr(0, *block)); !read)
        return std::unexpected(std::move(read).error());
      return block;
    }
    const auto content = body_decoder_.feed(bytes, body_limits(), body());
    if (!content) return content;
    on_content();
    return content;
  }

  bool header_done() const override { return beast_->is_header_done(); }
  bool done() const override { return beast_->is_header_done() && body_decoder_.done(); }
  bool keep_alive() const override { return beast_->keep_alive(); }
  bool http_1_1() const override { return version_ == 11; }

 protected:
  struct Beast : beast::http::basic_parser<kIsRequest> {
    explicit Beast(Parser& parser) : owner(parser) {
      // Checked before a block is given to it.
      this->header_limit(static_cast<std::uint32_t>(owner.limits_.header_bytes) + 4);
      this->body_limit(boost::none);
    }
    void stop(error_code& ec, ParseFailure failure) {
      owner.failure_ = std::move(failure);
      ec = HttpError::bad_field;
    }
    void on_request_impl(beast::http::verb, BeastView method, BeastView target, int version,
                         error_code& ec) override {
      owner.version_ = version;
      if (auto failure = owner.on_request_line(view(method), view(target))) stop(ec, std::move(*failure));
    }
    void on_response_impl(int status, BeastView, int version, error_code&) override {
      owner.version_ = version;
      owner.on_status(status);
    }
    void on_field_impl(beast::http::field, BeastView name, BeastView value, error_code& ec) override {
      if (auto failure = owner.on_field(view(name), view(value))) stop(ec, std::move(*failure));
    }
    void on_header_impl(error_code& ec) override {
      if (auto failure = owner.on_header_end()) stop(ec, std::move(*failure));
    }
    // Beast is given header blocks alone and never comes to these.
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(BeastView, error_code&) override { return 0; }
    void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, BeastView, error_code&) override { return 0; }
    void on_finish_impl(error_code&) override {}

    Parser& owner;
  };

  virtual std::optional<ParseFailure> on_request_line(std::string_view, std::string_view) {
    return std::nullopt;
  }
  virtual void on_status(int) {}
  virtual std::optional<ParseFailure> on_header_end() = 0;
  virtual Headers& headers() = 0;
  virtual std::string& body() = 0;
  virtual ParseLimits body_limits() const { return limits_; }
  virtual void on_content() {}  // behind what came of the body

  void start() {
    beast_.emplace(*this);
    scanned_ = line_start_ = 0;
    version_ = 0;
    forgave_empty_line_ = false;
    body_decoder_ = {};
    failure_.reset();
  }

  // The rules of framing that both kinds of message share. Leaves the decoder at the start of the body, if
  // the fields announce one.
  std::optional<ParseFailure> check_framing() {
    const auto lengths = headers().all("Content-Length");
    const auto codings = headers().all("Transfer-Encoding");
    if (lengths.size() > 1) return malformed("more than one Content-Length");
    if (!lengths.empty()) {
      std::uint64_t length = 0;
      const auto text = lengths[0];
      const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), length);
      if (error != std::errc{} || stop != text.data() + text.size())
        return malformed("Content-Length is not a number");
      if (codings.empty()) {
        if (kIsRequest && length > limits_.body_bytes + limits_.dropped_bytes) return body_too_large(limits_);
        body_decoder_.start_length(length);
      }
    }
    if (codings.empty()) return std::nullopt;
    if (!lengths.empty()) return malformed("both Content-Length and Transfer-Encoding");
    if (version_ < 11) return malformed("Transfer-Encoding in HTTP/1.0");
    if (codings.size() > 1 || !equal_ignoring_case(codings[0], "chunked")) return unsupported_coding();
    body_decoder_.start_chunked();
    return std::nullopt;
  }

  ParseLimits limits_;
  BodyDecoder body_decoder_;
  std::optional<Beast> beast_;
  std::optional<ParseFailure> failure_;
  int version_ = 0;

 private:
  std::expected<void, ParseFailure> read_header(std::string_view block) {
    // Beast takes the start line and the fields in one call or in two.
    while (!block.empty() && !beast_->is_header_done()) {
      error_code ec;
      const auto used = beast_->put({block.data(), block.size()}, ec);
      if (failure_) return std::unexpected(*failure_);
      if (ec && ec != HttpError::need_more) return std::unexpected(from_beast(ec));
      if (used == 0) break;
      block.remove_prefix(used);
    }
    if (!block.empty() || !beast_->is_header_done())
      return std::unexpected(malformed("the header is cut short"));
    return {};
  }

  // Where the header block ends in `bytes` (0: not yet there), its lines checked as they come. Beast is given
  // whole blocks alone: it would unfold obs-fold and so make two lines into one field.
  std::expected<std::size_t, ParseFailure> complete_header(std::string_view bytes) {
    for (;;) {
      const auto newline = bytes.find('\n', scanned_);
      if (std::min(newline, bytes.size()) >= limits_.header_bytes)
        return std::unexpected(header_too_large(limits_));
      if (newline == std::string_view::npos) {
        scanned_ = bytes.size();
        return 0;
      }
      auto line = bytes.substr(line_start_, newline - line_start_);
      if (!line.ends_with('\r')) return std::unexpected(malformed("a line does not end in CRLF"));
      line.remove_suffix(1);
      if (line.find_first_of(std::string_view("\r\0", 2)) != std::string_view::npos)
        return std::unexpected(malformed("a CR or NUL inside a line"));
      if (line.empty()) return newline + 1;
      if (line.front() == ' ' || line.front() == '\t')
        return std::unexpected(malformed("a line that continues another (obs-fold)"));
      line_start_ = scanned_ = newline + 1;
    }
  }

  std::optional<ParseFailure> on_field(std::string_view name, std::string_view value) {
    if (headers().size() >= limits_.fields) return header_too_large(limits_);
    headers().add(std::string(name), std::string(value));
    return std::nullopt;
  }

  std::size_t scanned_ = 0;     // no newline from line_start_ to here
  std::size_t line_start_ = 0;  // of the line that is not yet complete
  bool forgave_empty_line_ = false;
};

class RequestParserImpl final : public Parser<true, RequestParser> {
 public:
  explicit RequestParserImpl(const ParseLimits& limits)
      : Parser(limits), most_body_bytes_(limits.body_bytes) {
    start();
  }

  void reset() override {
    request_ = {};
    limits_.body_bytes = most_body_bytes_;
    salvage_.reset();
    spare_salvage_.reset();
    authority_.clear();
    start();
  }
  bool expects_continue() const override {
    const auto* expect = request_.headers.find("Expect");
    return expect != nullptr && http_1_1();
  }
  std::expected<void, ParseFailure> limit_body(std::size_t bytes,
                                               std::unique_ptr<BodySalvage> salvage) override {
    limits_.body_bytes = std::min(bytes, most_body_bytes_);
    // Who asks before it sends the body is told at once.
    if (!expects_continue()) spare_salvage_ = std::move(salvage);
    const auto left = body_left().value_or(0);
    if (left <= limits_.body_bytes) return {};
    if (left > body_limits().body_bytes) return std::unexpected(body_too_large(limits_));
    start_salvage();
    return {};
  }
  std::optional<std::uint64_t> body_left() const override { return body_decoder_.left(); }
  Request& request() override { return request_; }

 protected:
  std::optional<ParseFailure> on_request_line(std::string_view method, std::string_view target) override {
    const auto known = parse_method(method);
    if (!known)
      return ParseFailure{501,
                          {ErrorKind::kInvalid, "RMT-H005",
                           "the method `" + std::string(method.substr(0, 32)) + "` is not understood"}};
    request_.method = *known;
    request_.target = target;
    if (target == "*" && *known == Method::kOptions) {
      request_.path = target;
      return std::nullopt;
    }
    if (target.starts_with('/')) {
      const auto parsed = boost::urls::parse_origin_form({target.data(), target.size()});
      if (!parsed) return malformed("the request target is not a path and query");
      take_target(*parsed);
      return std::nullopt;
    }
    // RFC 9112 §3.2.2: a server must take the absolute form, and its authority in place of Host.
    const auto parsed = boost::urls::parse_absolute_uri({target.data(), target.size()});
    if (!parsed || (parsed->scheme() != "http" && parsed->scheme() != "https") || parsed->has_userinfo())
      return malformed("the request target is neither a path nor an http URL");
    take_target(*parsed);
    // Boost.URL takes "http://h:x/" for an empty port and the path "x/".
    if (!request_.path.empty() && !request_.path.starts_with('/'))
      return malformed("the port is not a number");
    const auto authority = parsed->encoded_host_and_port();
    authority_.assign(authority.data(), authority.size());
    if (request_.path.empty()) request_.path = "/";
    return std::nullopt;
  }

  std::optional<ParseFailure> on_header_end() override {
    if (auto failure = check_framing()) return failure;
    const auto hosts = request_.headers.count("Host");
    if (hosts > 1 || (hosts == 0 && version_ == 11)) return malformed("a request needs exactly one Host");
    if (!authority_.empty()) request_.headers.set("Host", authority_);
    if (const auto* expect = request_.headers.find("Expect");
        expect && !equal_ignoring_case(*expect, "100-continue"))
      return ParseFailure{
          417, {ErrorKind::kInvalid, "RMT-H012", "the only expectation understood is 100-continue"}};
    return std::nullopt;
  }
  Headers& headers() override { return request_.headers; }
  std::string& body() override { return request_.body; }

  // A body of chunks says how long it is when it ends, so the decoder goes on to where nothing is read any
  // more.
  ParseLimits body_limits() const override {
    auto limits = limits_;
    if (spare_salvage_ || salvage_) limits.body_bytes += limits.dropped_bytes;
    return limits;
  }
  void on_content() override {
    if (!salvage_ && spare_salvage_ && request_.body.size() > limits_.body_bytes) start_salvage();
    if (!salvage_) return;
    salvage_->read(request_.body);
    request_.body.clear();
    if (done()) request_.body = salvage_->kept();
  }

 private:
  void start_salvage() {
    salvage_ = std::move(spare_salvage_);
    request_.over_limit = true;
  }

  void take_target(const boost::urls::url_view& url) {
    const auto path = url.encoded_path();
    const auto query = url.encoded_query();
    request_.path.assign(path.data(), path.size());
    request_.query.assign(query.data(), query.size());
  }

  const std::size_t most_body_bytes_;
  Request request_;
  std::string authority_;
  std::unique_ptr<BodySalvage> spare_salvage_;  // for a body that turns out to be over the limit
  std::unique_ptr<BodySalvage> salvage_;        // of one that is
};

class ResponseParserImpl final : public Parser<false, ResponseParser> {
 public:
  ResponseParserImpl(const ParseLimits& limits, bool to_head) : Parser(limits), to_head_(to_head) {
    start();
    beast_->skip(to_head);  // for keep_alive()
  }

  std::expected<void, ParseFailure> end_of_input() override {
    if (header_done()) body_decoder_.end_of_input();
    if (!done()) return std::unexpected(malformed("the message is cut short"));
    return {};
  }
  Response& response() override { return response_; }

 protected:
  void on_status(int status) override { response_.status = status; }
  std::optional<ParseFailure> on_header_end() override {
    const int status = response_.status;
    if (status < 100 || status > 599) return malformed("the status is not from 100 to 599");
    body_decoder_.start_to_end_of_input();
    if (auto failure = check_framing()) return failure;
    if (to_head_ || status < 200 || status == 204 || status == 304) body_decoder_.start_none();
    return std::nullopt;
  }
  Headers& headers() override { return response_.headers; }
  std::string& body() override { return response_.body; }

 private:
  Response response_;
  const bool to_head_;
};

}  // namespace

std::unique_ptr<RequestParser> RequestParser::make(const ParseLimits& limits) {
  return std::make_unique<RequestParserImpl>(limits);
}

std::unique_ptr<ResponseParser> ResponseParser::make(const ParseLimits& limits, bool to_head) {
  return std::make_unique<ResponseParserImpl>(limits, to_head);
}

}  // namespace remit::http
