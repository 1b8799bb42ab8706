// Certificates that are read again.
#include "base/random.hpp"
#include "node/core.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <filesystem>
#include <memory>

namespace reveille::node {
namespace {

namespace fs = std::filesystem;

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Connection = std::unique_ptr<SSL, decltype(&SSL_free)>;

class CertificatesTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder);
    certificates = {.certificate = folder / "server.pem", .key = folder / "key.pem"};
  }
  void TearDown() override { fs::remove_all(folder); }

  // A new self-signed pair in the place of the last one.
  void renew(EVP_PKEY* made) {
    Key const key{made, EVP_PKEY_free};
    std::unique_ptr<X509, decltype(&X509_free)> const certificate{X509_new(), X509_free};
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    std::unique_ptr<BIO, decltype(&BIO_free_all)> const out{BIO_new_file(certificates.certificate.c_str(), "w"),
                                                            BIO_free_all};
    PEM_write_bio_X509(out.get(), certificate.get());
    std::unique_ptr<BIO, decltype(&BIO_free_all)> const out_key{BIO_new_file(certificates.key.c_str(), "w"),
                                                                BIO_free_all};
    PEM_write_bio_PrivateKey(out_key.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }

  // What a client is shown: the type of the certificate's key, and what ALPN chose.
  static std::pair<int, std::string> shown_by(edge::TlsContext const& context) {
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> const trusting{SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
    Connection const client{SSL_new(trusting.get()), SSL_free};
    Connection const server{SSL_new(context->native_handle()), SSL_free};
    BIO* ours = nullptr;
    BIO* theirs = nullptr;
    BIO_new_bio_pair(&ours, 0, &theirs, 0);
    SSL_set_bio(client.get(), ours, ours);
    SSL_set_bio(server.get(), theirs, theirs);
    SSL_set_alpn_protos(client.get(), reinterpret_cast<unsigned char const*>("\x02h2"), 3);
    SSL_set_connect_state(client.get());
    SSL_set_accept_state(server.get());
    for (int turns = 0; turns < 10; ++turns) {
      SSL_do_handshake(client.get());
      SSL_do_handshake(server.get());
    }
    std::unique_ptr<X509, decltype(&X509_free)> const shown{SSL_get1_peer_certificate(client.get()), X509_free};
    return {shown ? EVP_PKEY_get_base_id(X509_get0_pubkey(shown.get())) : EVP_PKEY_NONE, edge::alpn_of(client.get())};
  }

  fs::path folder = fs::temp_directory_path() / ("reveille-certificates-" + SystemRandom{}.hex(8));
  Certificates certificates = {};
};

TEST_F(CertificatesTest, ANewKeyOfAnotherTypeTakesThePlaceOfTheOld) {
  renew(EVP_EC_gen("P-256"));
  auto const context = certificates.context({"h2"}).value();
  EXPECT_EQ(shown_by(context), std::pair(EVP_PKEY_EC, std::string("h2")));
  renew(EVP_RSA_gen(2048));
  ASSERT_TRUE(certificates.reload().has_value());
  EXPECT_EQ(shown_by(context), std::pair(EVP_PKEY_RSA, std::string("h2")));
  renew(EVP_EC_gen("P-256"));
  ASSERT_TRUE(certificates.reload().has_value());
  EXPECT_EQ(shown_by(context), std::pair(EVP_PKEY_EC, std::string("h2")));
}

TEST_F(CertificatesTest, APairThatDoesNotFitChangesNothing) {
  renew(EVP_EC_gen("P-256"));
  auto const context = certificates.context({}).value();
  fs::copy(certificates.certificate, folder / "kept.pem");
  renew(EVP_RSA_gen(2048));
  fs::copy(folder / "kept.pem", certificates.certificate, fs::copy_options::overwrite_existing);
  EXPECT_FALSE(certificates.reload().has_value());
  EXPECT_EQ(shown_by(context).first, EVP_PKEY_EC);
}

}  // namespace
}  // namespace reveille::node
