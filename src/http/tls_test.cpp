// The client against TLS servers, good and bad. The certificates are made here, for a minute.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "http/block_on.h"
#include "http/client.h"

namespace remit::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

// Self-signed, for "localhost" or what else `names` says, from `from` to `until` seconds from now.
Identity make_identity(const std::string& names, long from, long until) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), from);
  X509_gmtime_adj(X509_getm_notAfter(certificate), until);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "O", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("remit test"), -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(certificate, key, EVP_sha256());
  BIO* certificate_out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_out, certificate);
  BIO* key_out = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(key_out, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return {text_of(certificate_out), text_of(key_out)};
}

// Answers every request on every connection, one connection at a time; remembers the server name that was
// asked for.
class TlsServer {
 public:
  TlsServer(const Identity& identity, int max_version = TLS1_3_VERSION, bool orderly = true)
      : context_(asio::ssl::context::tls_server), acceptor_(io_, {asio::ip::address_v4::loopback(), 0}) {
    context_.use_certificate_chain(asio::buffer(identity.certificate_pem));
    context_.use_private_key(asio::buffer(identity.key_pem), asio::ssl::context::pem);
    SSL_CTX_set_security_level(context_.native_handle(), 0);
    SSL_CTX_set_min_proto_version(context_.native_handle(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.native_handle(), max_version);
    thread_ = std::jthread([this, orderly](std::stop_token stop) {
      while (!stop.stop_requested()) {
        tcp::socket socket(io_);
        boost::system::error_code error;
        acceptor_.accept(socket, error);
        if (error) return;
        serve(std::move(socket), orderly);
      }
    });
  }
  ~TlsServer() {
    thread_.request_stop();
    tcp::socket wake(io_);
    boost::system::error_code ignored;
    wake.connect(acceptor_.local_endpoint(), ignored);
    wake.close(ignored);
    thread_.join();
  }
  std::string url(std::string_view host) const {
    return "https://" + std::string(host) + ":" + std::to_string(acceptor_.local_endpoint().port()) + "/";
  }

 private:
  void serve(tcp::socket socket, bool orderly) {
    asio::ssl::stream<tcp::socket> stream(std::move(socket), context_);
    boost::system::error_code error;
    stream.handshake(asio::ssl::stream_base::server, error);
    if (error) return;
    const char* name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
    const std::string body = name != nullptr ? name : "no name";
    std::string text;
    while (!error) {
      const auto size = asio::read_until(stream, asio::dynamic_buffer(text), "\r\n\r\n", error);
      if (error) return;
      text.erase(0, size);
      if (!orderly) {
        asio::write(stream, asio::buffer("HTTP/1.1 200 OK\r\n\r\ncut by any" + std::string()), error);
        return;  // without a close_notify
      }
      asio::write(stream,
                  asio::buffer("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                               "\r\n\r\n" + body),
                  error);
    }
  }

  asio::io_context io_;
  asio::ssl::context context_;
  tcp::acceptor acceptor_;
  std::jthread thread_;
};

class TlsTest : public testing::Test {
 protected:
  // A client of its own for each call, gone when the loop is.
  Result<Response> call(const std::string& url, std::string trust, int times = 1) {
    Loop loop;
    Client client(loop, {.extra_ca_pem = std::move(trust)});
    Result<Response> last;
    for (int i = 0; i < times; ++i)
      last =
          block_on(loop, client.call({.url = parse_url(url).value()}, {.timeout = std::chrono::seconds(5)}));
    loop.stop();
    return last;
  }
  const Identity good_ = make_identity("DNS:localhost,IP:127.0.0.1", -60, 60);
};

TEST_F(TlsTest, CallsAServerItTrustsByNameAndByAddress) {
  TlsServer server(good_);
  auto by_name = call(server.url("localhost"), good_.certificate_pem, 3);
  ASSERT_TRUE(by_name) << by_name.error().message;
  EXPECT_EQ(by_name->body, "localhost") << "the name is said in the handshake";
  auto by_address = call(server.url("127.0.0.1"), good_.certificate_pem);
  ASSERT_TRUE(by_address) << by_address.error().message;
  EXPECT_EQ(by_address->body, "no name") << "an address is not";
}

TEST_F(TlsTest, RefusesWhatItCannotTrustBeforeAnythingIsSent) {
  const auto other = make_identity("DNS:example.com", -60, 60);
  const auto expired = make_identity("DNS:localhost", -120, -60);
  const auto early = make_identity("DNS:localhost", 3600, 7200);
  const struct {
    std::string_view what;
    const Identity& identity;
    std::string trust;
    int max_version = TLS1_3_VERSION;
  } cases[] = {{"unknown issuer", good_, "", TLS1_3_VERSION},
               {"another's name", other, other.certificate_pem, TLS1_3_VERSION},
               {"expired", expired, expired.certificate_pem, TLS1_3_VERSION},
               {"not yet valid", early, early.certificate_pem, TLS1_3_VERSION},
               {"TLS 1.1", good_, good_.certificate_pem, TLS1_1_VERSION}};
  for (const auto& [what, identity, trust, max_version] : cases) {
    TlsServer server(identity, max_version);
    auto response = call(server.url("localhost"), trust);
    ASSERT_FALSE(response) << what;
    EXPECT_EQ(response.error().code, "RMT-H030") << what << ": " << response.error().message;
    EXPECT_FALSE(may_have_arrived(response.error()));
  }
}

TEST_F(TlsTest, DoesNotTakeACutConnectionForTheEndOfAnAnswer) {
  TlsServer server(good_, TLS1_3_VERSION, false);
  auto response = call(server.url("localhost"), good_.certificate_pem);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, "RMT-H022");
}

}  // namespace
}  // namespace remit::http
