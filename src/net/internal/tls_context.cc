#include "net/internal/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace trainyard::net {
namespace {

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct CertificateDeleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct KeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using BioPtr = std::unique_ptr<BIO, BioDeleter>;
using CertificatePtr = std::unique_ptr<X509, CertificateDeleter>;
using KeyPtr = std::unique_ptr<EVP_PKEY, KeyDeleter>;

BioPtr Reader(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// OpenSSL asks on the terminal for the password of an encrypted key unless told otherwise.
int NoPassword(char*, int, int, void*) { return -1; }

// Calls `use` for every certificate; the number of them, or -1 for text that is not PEM.
template <class Use>
int ForEachCertificate(const std::string& pem, Use use) {
  const BioPtr bio = Reader(pem);
  int count = 0;
  while (true) {
    const CertificatePtr certificate(PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr));
    if (certificate == nullptr) break;
    if (!use(certificate.get())) return -1;
    ++count;
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (at_end) ERR_clear_error();
  return at_end ? count : -1;
}

Status TrustCertificates(SSL_CTX* context, const std::string& pem) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  const int count = ForEachCertificate(
      pem, [&](X509* certificate) { return X509_STORE_add_cert(store, certificate) == 1; });
  if (count > 0) return OkStatus();
  return InvalidArgumentError("cannot read the CA certificates: {}",
                              count == 0 ? "no certificate in the PEM text" : TakeOpenSslError());
}

Status ShowCertificate(SSL_CTX* context, const TlsOptions& options) {
  bool is_first = true;
  const int count = ForEachCertificate(options.cert_pem, [&](X509* certificate) {
    const bool own = std::exchange(is_first, false);
    return own ? SSL_CTX_use_certificate(context, certificate) == 1
               : SSL_CTX_add1_chain_cert(context, certificate) == 1;
  });
  if (count <= 0) {
    return InvalidArgumentError("cannot read the client certificate: {}",
                                count == 0 ? "none in the PEM text" : TakeOpenSslError());
  }
  const BioPtr bio = Reader(options.key_pem);
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) {
    return InvalidArgumentError("cannot read the client key: {}", TakeOpenSslError());
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return InvalidArgumentError("cannot use the client key: {}", TakeOpenSslError());
  }
  return OkStatus();
}

}  // namespace

std::string TakeOpenSslError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? "unknown TLS error" : reason;
}

Result<SslContextPtr> MakeTlsContext(const TlsOptions& options) {
  ERR_clear_error();
  if (options.cert_pem.empty() != options.key_pem.empty()) {
    return InvalidArgumentError("a client certificate and its key come together: the {} is missing",
                                options.key_pem.empty() ? "key" : "certificate");
  }
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return InternalError("cannot start TLS: {}", TakeOpenSslError());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(),
                     options.insecure_skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  if (options.ca_pem.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else {
    RETURN_IF_ERROR(TrustCertificates(context.get(), options.ca_pem));
  }
  if (!options.cert_pem.empty()) RETURN_IF_ERROR(ShowCertificate(context.get(), options));
  ERR_clear_error();
  return context;
}

}  // namespace trainyard::net
