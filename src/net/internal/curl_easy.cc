#include "net/internal/curl_easy.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

namespace trainyard::net {
namespace {

void SetSocketNumber(curl_socket_t socket, int level, int option, int value) {
  setsockopt(socket, level, option, &value, sizeof value);
}

// A peer that vanishes without a word (power, firewall) is noticed within half a minute, whether we
// wait for its answer (keep-alive probes) or it for our data (user timeout).
int PrepareSocket(void*, curl_socket_t socket, curlsocktype) {
  SetSocketNumber(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetSocketNumber(socket, IPPROTO_TCP, TCP_KEEPIDLE, 15);
  SetSocketNumber(socket, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  SetSocketNumber(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
  SetSocketNumber(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, 30'000);
  return CURL_SOCKOPT_OK;
}

// As OpenSSL does it by itself, but with nothing else in the queue of errors: libcurl reports the
// first, which for a wrong signature would be of a lower layer and not about trust.
int VerifyCertificate(X509_STORE_CTX* chain, void*) {
  const int result = X509_verify_cert(chain);
  if (result != 1) ERR_clear_error();
  return result;
}

CURLcode PrepareTls(CURL*, void* context, void*) {
  SSL_CTX_set_cert_verify_callback(static_cast<SSL_CTX*>(context), VerifyCertificate, nullptr);
  return CURLE_OK;
}

void SetBlob(CURL* easy, CURLoption option, const std::string& text) {
  if (text.empty()) {
    curl_easy_setopt(easy, option, nullptr);
    return;
  }
  curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_COPY};
  curl_easy_setopt(easy, option, &blob);
}

}  // namespace

void Append(ListPtr& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  CHECK(longer != nullptr);
  static_cast<void>(list.release());
  list.reset(longer);
}

Status InitCurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code == CURLE_OK) return OkStatus();
  return InternalError("cannot start libcurl: {}", curl_easy_strerror(code));
}

EasyPtr MakeEasy(const HttpClientOptions& options) {
  EasyPtr easy(curl_easy_init());
  CHECK(easy != nullptr);
  CURL* const handle = easy.get();
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_2TLS});
  // Rather wait for a connection that is being opened than open a second one.
  curl_easy_setopt(handle, CURLOPT_PIPEWAIT, 1L);
  curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, PrepareSocket);
  curl_easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, PrepareTls);
  // A resumed session would go on as whoever opened it, whatever certificate we show now.
  curl_easy_setopt(handle, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  curl_easy_setopt(handle, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  // Both texts given, even if empty, keep libcurl from asking the environment.
  curl_easy_setopt(handle, CURLOPT_PROXY, options.proxy.c_str());
  curl_easy_setopt(handle, CURLOPT_NOPROXY, options.proxy.empty() ? "*" : "");
  curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // Per handle, of which a hundred may be busy: as small as libcurl has it instead of 64 KiB, and
  // what most answers fit in instead of 16 KiB.
  curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, 16L << 10);
  curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, 4L << 10);
  return easy;
}

void ApplyTls(CURL* easy, const TlsOptions& tls) {
  SetBlob(easy, CURLOPT_CAINFO_BLOB, tls.ca_pem);
  SetBlob(easy, CURLOPT_SSLCERT_BLOB, tls.cert_pem);
  SetBlob(easy, CURLOPT_SSLKEY_BLOB, tls.key_pem);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls.insecure_skip_verify ? 0L : 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls.insecure_skip_verify ? 0L : 2L);
}

MultiPtr MakeMulti(int max_connections_per_host) {
  MultiPtr multi(curl_multi_init());
  CHECK(multi != nullptr);
  curl_multi_setopt(multi.get(), CURLMOPT_PIPELINING, long{CURLPIPE_MULTIPLEX});
  curl_multi_setopt(multi.get(), CURLMOPT_MAX_HOST_CONNECTIONS, long{max_connections_per_host});
  // How many are kept for later. Otherwise libcurl keeps four for every request under way.
  curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, long{max_connections_per_host});
  return multi;
}

StatusCode CodeOf(CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return StatusCode::kOk;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return StatusCode::kInvalidArgument;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return StatusCode::kUnauthenticated;
    case CURLE_OUT_OF_MEMORY:
      return StatusCode::kResourceExhausted;
    default:
      return StatusCode::kUnavailable;
  }
}

}  // namespace trainyard::net
