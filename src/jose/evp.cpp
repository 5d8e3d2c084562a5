#include "jose/evp.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <new>
#include <stdexcept>

#include "base/sha256.h"

namespace remit::jose::evp {
namespace {

constexpr std::size_t kScalar = 32;

thread_local std::uint64_t checks_of_thread = 0;

struct FreeParams {
  void operator()(OSSL_PARAM_BLD* p) const { OSSL_PARAM_BLD_free(p); }
  void operator()(OSSL_PARAM* p) const { OSSL_PARAM_free(p); }
};

Owned<BIGNUM> number_of(const EVP_PKEY* key, const char* name) {
  BIGNUM* value = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &value) != 1) return nullptr;
  return Owned<BIGNUM>(value);
}

// Without leading zeros, or padded to `size`.
Bytes bytes_of(const BIGNUM* value, std::size_t size = 0) {
  if (value == nullptr) return {};
  Bytes out(size == 0 ? static_cast<std::size_t>(BN_num_bytes(value)) : size);
  if (BN_bn2binpad(value, out.data(), static_cast<int>(out.size())) < 0) return {};
  return out;
}

// OpenSSL's error queue belongs to the thread; what is left in it would be blamed on the next caller.
void must(bool ok, const char* what) {
  if (ok) return;
  ERR_clear_error();
  throw std::runtime_error(what);
}

bool quiet(bool ok) {
  if (!ok) ERR_clear_error();
  return ok;
}

bool is_p256(const EVP_PKEY* key) {
  std::array<char, 64> group{};
  std::size_t size = 0;
  return EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
         std::string_view(group.data(), size) == "prime256v1";
}

Owned<EC_POINT> decode(BytesView point) {
  Owned<EC_POINT> out(need(EC_POINT_new(p256())));
  // oct2point refuses coordinates of p or more and points off the curve (SEC 1 §2.3.4).
  if (!quiet(EC_POINT_oct2point(p256(), out.get(), point.data(), point.size(), nullptr) == 1)) return nullptr;
  return out;
}

}  // namespace

Owned<BIGNUM> number(BytesView big_endian) {
  return Owned<BIGNUM>(need(BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), nullptr)));
}

const EC_GROUP* p256() {
  static const Owned<EC_GROUP> group(need(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)));
  return group.get();
}

bool is_on_p256(BytesView point) {
  if (point.size() != 1 + 2 * kScalar || point[0] != POINT_CONVERSION_UNCOMPRESSED) return false;
  return decode(point) != nullptr;
}

Bytes p256_public(BytesView d) {
  auto scalar = number(d);
  if (BN_is_zero(scalar.get()) || BN_cmp(scalar.get(), EC_GROUP_get0_order(p256())) >= 0) return {};
  BN_set_flags(scalar.get(), BN_FLG_CONSTTIME);
  Owned<EC_POINT> point(need(EC_POINT_new(p256())));
  must(EC_POINT_mul(p256(), point.get(), scalar.get(), nullptr, nullptr, nullptr) == 1, "EC_POINT_mul");
  Bytes out(1 + 2 * kScalar);
  auto size =
      EC_POINT_point2oct(p256(), point.get(), POINT_CONVERSION_UNCOMPRESSED, out.data(), out.size(), nullptr);
  must(size == out.size(), "EC_POINT_point2oct");
  return out;
}

Owned<EVP_PKEY> p256_key(BytesView point, BytesView d) {
  std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)> build(need(OSSL_PARAM_BLD_new()),
                                                                        OSSL_PARAM_BLD_free);
  must(OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1, "param");
  must(
      OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1,
      "param");
  Owned<BIGNUM> scalar;
  if (!d.empty()) {
    scalar = number(d);
    BN_set_flags(scalar.get(), BN_FLG_CONSTTIME);
    must(OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar.get()) == 1, "param");
  }
  std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)> params(need(OSSL_PARAM_BLD_to_param(build.get())),
                                                                 OSSL_PARAM_free);
  Owned<EVP_PKEY_CTX> context(need(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)));
  must(EVP_PKEY_fromdata_init(context.get()) == 1, "EVP_PKEY_fromdata_init");
  EVP_PKEY* key = nullptr;
  const int selection = d.empty() ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR;
  must(EVP_PKEY_fromdata(context.get(), &key, selection, params.get()) == 1, "EVP_PKEY_fromdata");
  return Owned<EVP_PKEY>(key);
}

Owned<EVP_PKEY> ed25519_public_key(BytesView raw) {
  return Owned<EVP_PKEY>(
      need(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, raw.data(), raw.size())));
}

Owned<EVP_PKEY> ed25519_private_key(BytesView seed) {
  return Owned<EVP_PKEY>(
      need(EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, seed.data(), seed.size())));
}

Bytes ed25519_raw_public(const EVP_PKEY* key) {
  Bytes out(32);
  std::size_t size = out.size();
  must(EVP_PKEY_get_raw_public_key(key, out.data(), &size) == 1 && size == out.size(), "raw public key");
  return out;
}

std::size_t bits(BytesView big_endian) {
  return static_cast<std::size_t>(BN_num_bits(number(big_endian).get()));
}

std::uint64_t modulo(BytesView big_endian, std::uint64_t divisor) {
  return BN_mod_word(number(big_endian).get(), divisor);
}

Owned<EVP_PKEY> rsa_public_key(BytesView modulus, BytesView exponent) {
  const std::unique_ptr<OSSL_PARAM_BLD, FreeParams> build(need(OSSL_PARAM_BLD_new()));
  const auto n = number(modulus);
  const auto e = number(exponent);
  must(OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1, "param");
  must(OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1, "param");
  const std::unique_ptr<OSSL_PARAM, FreeParams> params(need(OSSL_PARAM_BLD_to_param(build.get())));
  const Owned<EVP_PKEY_CTX> context(need(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr)));
  must(EVP_PKEY_fromdata_init(context.get()) == 1, "EVP_PKEY_fromdata_init");
  EVP_PKEY* made = nullptr;
  must(EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get()) == 1, "EVP_PKEY_fromdata");
  Owned<EVP_PKEY> key(made);
  const Owned<EVP_PKEY_CTX> check(need(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr)));
  if (!quiet(EVP_PKEY_public_check(check.get()) == 1)) return nullptr;
  return key;
}

std::optional<Spki> read_pem(std::string_view pem) {
  const Owned<BIO> in(need(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))));
  const Owned<EVP_PKEY> key(PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!key) return std::nullopt;
  if (EVP_PKEY_is_a(key.get(), "ED25519") == 1) return Spki{"ED25519", ed25519_raw_public(key.get()), {}};
  if (EVP_PKEY_is_a(key.get(), "RSA") == 1)
    return Spki{"RSA", bytes_of(number_of(key.get(), OSSL_PKEY_PARAM_RSA_N).get()),
                bytes_of(number_of(key.get(), OSSL_PKEY_PARAM_RSA_E).get())};
  if (EVP_PKEY_is_a(key.get(), "EC") != 1) return Spki{"of another type", {}, {}};
  if (!is_p256(key.get())) return Spki{"EC on another curve", {}, {}};
  auto raw = bytes_of(number_of(key.get(), OSSL_PKEY_PARAM_EC_PUB_X).get(), kScalar);
  const auto y = bytes_of(number_of(key.get(), OSSL_PKEY_PARAM_EC_PUB_Y).get(), kScalar);
  raw.insert(raw.end(), y.begin(), y.end());
  return Spki{"EC", std::move(raw), {}};
}

std::optional<PrivateParts> read_private_pem(std::string_view pem) {
  const Owned<BIO> in(need(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))));
  // Without a callback OpenSSL would ask the terminal.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!key) return std::nullopt;
  if (EVP_PKEY_is_a(key.get(), "ED25519") == 1) {
    std::string seed(kScalar, '\0');
    std::size_t size = seed.size();
    must(EVP_PKEY_get_raw_private_key(key.get(), reinterpret_cast<unsigned char*>(seed.data()), &size) == 1,
         "raw private key");
    return PrivateParts{"ED25519", Secret(std::move(seed))};
  }
  if (EVP_PKEY_is_a(key.get(), "EC") != 1) return PrivateParts{"of another type", {}};
  if (!is_p256(key.get())) return PrivateParts{"EC on another curve", {}};
  auto d = bytes_of(number_of(key.get(), OSSL_PKEY_PARAM_PRIV_KEY).get(), kScalar);
  Secret scalar{std::string(as_text(d))};
  OPENSSL_cleanse(d.data(), d.size());
  return PrivateParts{"EC", std::move(scalar)};
}

Secret private_pem(const EVP_PKEY* key) {
  const Owned<BIO> out(need(BIO_new(BIO_s_secmem())));
  must(PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "PKCS #8");
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return Secret(std::string(text, static_cast<std::size_t>(size)));
}

std::uint64_t checks() { return checks_of_thread; }

Operation::Operation(Owned<EVP_PKEY> key, Kind kind, Scheme scheme)
    : key_(std::move(key)),
      signature_size_(scheme == Scheme::kPss ? static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()))
                                             : 2 * kScalar) {
  const bool signs = kind == Kind::kSign;
  if (scheme == Scheme::kEcdsa) {
    prehashed_.reset(need(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr)));
    must((signs ? EVP_PKEY_sign_init(prehashed_.get()) : EVP_PKEY_verify_init(prehashed_.get())) == 1,
         "init");
    return;
  }
  whole_.reset(need(EVP_MD_CTX_new()));
  auto init = signs ? EVP_DigestSignInit_ex : EVP_DigestVerifyInit_ex;
  const bool pss = scheme == Scheme::kPss;
  EVP_PKEY_CTX* settings = nullptr;  // belongs to whole_
  must(init(whole_.get(), &settings, pss ? "SHA256" : nullptr, nullptr, nullptr, key_.get(), nullptr) == 1,
       "init");
  if (!pss) return;
  must(EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1, "padding");
  must(EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) == 1, "salt");
  must(EVP_PKEY_CTX_set_rsa_mgf1_md_name(settings, "SHA256", nullptr) == 1, "mgf1");
}

Bytes Operation::sign(BytesView message) const {
  if (prehashed_) return sign_p256(message);
  Owned<EVP_MD_CTX> context(need(EVP_MD_CTX_new()));
  must(EVP_MD_CTX_copy_ex(context.get(), whole_.get()) == 1, "EVP_MD_CTX_copy_ex");
  Bytes out(64);
  std::size_t size = out.size();
  must(EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) == 1,
       "EVP_DigestSign");
  return out;
}

bool Operation::verify(BytesView message, BytesView signature) const {
  ++checks_of_thread;
  if (signature.size() != signature_size_) return false;
  if (prehashed_) return verify_p256(message, signature);
  Owned<EVP_MD_CTX> context(need(EVP_MD_CTX_new()));
  must(EVP_MD_CTX_copy_ex(context.get(), whole_.get()) == 1, "EVP_MD_CTX_copy_ex");
  return quiet(EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                                message.size()) == 1);
}

Bytes Operation::sign_p256(BytesView message) const {
  Owned<EVP_PKEY_CTX> context(need(EVP_PKEY_CTX_dup(prehashed_.get())));
  const auto digest = sha256(message);
  Bytes der(80);  // the longest signature on P-256 is 72 bytes
  std::size_t size = der.size();
  must(EVP_PKEY_sign(context.get(), der.data(), &size, digest.bytes.data(), digest.bytes.size()) == 1,
       "EVP_PKEY_sign");
  const std::uint8_t* at = der.data();
  Owned<ECDSA_SIG> pair(need(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size))));
  Bytes out(2 * kScalar);
  must(BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out.data(), kScalar) == kScalar, "r");
  must(BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out.data() + kScalar, kScalar) == kScalar, "s");
  return out;
}

// OpenSSL itself refuses r and s outside 1 … n-1 (FIPS 186-5 §6.4.2).
bool Operation::verify_p256(BytesView message, BytesView signature) const {
  Owned<ECDSA_SIG> pair(need(ECDSA_SIG_new()));
  auto r = number(signature.first(kScalar));
  auto s = number(signature.last(kScalar));
  must(ECDSA_SIG_set0(pair.get(), r.release(), s.release()) == 1, "ECDSA_SIG_set0");
  std::uint8_t* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  must(size > 0, "i2d_ECDSA_SIG");
  const Bytes encoded(der, der + size);
  OPENSSL_free(der);
  Owned<EVP_PKEY_CTX> context(need(EVP_PKEY_CTX_dup(prehashed_.get())));
  const auto digest = sha256(message);
  return quiet(EVP_PKEY_verify(context.get(), encoded.data(), encoded.size(), digest.bytes.data(),
                               digest.bytes.size()) == 1);
}

}  // namespace remit::jose::evp
