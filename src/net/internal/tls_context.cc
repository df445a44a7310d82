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

// `whose`: "client" or "server", for messages.
Status ShowCertificate(SSL_CTX* context, const std::string& cert_pem, const std::string& key_pem,
                       std::string_view whose) {
  if (cert_pem.empty() != key_pem.empty()) {
    return InvalidArgumentError("a {} certificate and its key come together: the {} is missing",
                                whose, key_pem.empty() ? "key" : "certificate");
  }
  bool is_first = true;
  const int count = ForEachCertificate(cert_pem, [&](X509* certificate) {
    const bool own = std::exchange(is_first, false);
    return own ? SSL_CTX_use_certificate(context, certificate) == 1
               : SSL_CTX_add1_chain_cert(context, certificate) == 1;
  });
  if (count <= 0) {
    return InvalidArgumentError("cannot read the {} certificate: {}", whose,
                                count == 0 ? "none in the PEM text" : TakeOpenSslError());
  }
  const BioPtr bio = Reader(key_pem);
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) {
    return InvalidArgumentError("cannot read the {} key: {}", whose, TakeOpenSslError());
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return InvalidArgumentError("cannot use the {} key: {}", whose, TakeOpenSslError());
  }
  return OkStatus();
}

// HTTP/1.1 for a client that offers it; else none is agreed on, which means the same.
int ChooseProtocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                   unsigned in_size, void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";  // OpenSSL keeps a pointer into it
  unsigned char* chosen = nullptr;
  const int result = SSL_select_next_proto(&chosen, size, kOurs, sizeof kOurs - 1, in, in_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
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
  if (!options.cert_pem.empty() || !options.key_pem.empty()) {
    RETURN_IF_ERROR(ShowCertificate(context.get(), options.cert_pem, options.key_pem, "client"));
  }
  ERR_clear_error();
  return context;
}

Result<SslContextPtr> MakeTlsServerContext(const TlsServerOptions& options) {
  ERR_clear_error();
  SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return InternalError("cannot start TLS: {}", TakeOpenSslError());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
  // Idle connections keep no buffers; what a write could not send is offered again from elsewhere.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(context.get(), ChooseProtocol, nullptr);
  // Sessions are resumed only by those whose certificate this very server has checked.
  constexpr unsigned char kName[] = "trainyard";
  SSL_CTX_set_session_id_context(context.get(), kName, sizeof kName - 1);
  if (!options.client_ca_pem.empty()) {
    RETURN_IF_ERROR(TrustCertificates(context.get(), options.client_ca_pem));
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  RETURN_IF_ERROR(ShowCertificate(context.get(), options.cert_pem, options.key_pem, "server"));
  ERR_clear_error();
  return context;
}

}  // namespace trainyard::net
