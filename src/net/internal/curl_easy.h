// libcurl's handles as owned objects, and what all requests of a client have in common.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "base/status.h"
#include "net/http_client.h"

namespace trainyard::net {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using EasyPtr = std::unique_ptr<CURL, EasyDeleter>;

struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using MultiPtr = std::unique_ptr<CURLM, MultiDeleter>;

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using ListPtr = std::unique_ptr<curl_slist, ListDeleter>;

void Append(ListPtr& list, const std::string& line);

// Prepares libcurl for this process, once.
Status InitCurl();

// An easy handle that does nothing but HTTP, and nothing on its own: no redirects, no environment,
// no signals, no files.
EasyPtr MakeEasy(const HttpClientOptions& options);

// The certificates for connections that this handle opens. It reuses only those that were opened
// with the same ones: libcurl compares them byte by byte.
void ApplyTls(CURL* easy, const TlsOptions& tls);

// A handle for many transfers, those to an HTTP/2 server over one connection.
MultiPtr MakeMulti(int max_connections_per_host);

// What a failure of libcurl is in ours; timeouts are told apart by the caller.
StatusCode CodeOf(CURLcode code);

}  // namespace trainyard::net
