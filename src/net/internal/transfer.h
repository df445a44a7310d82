// One request on its way: an easy handle of libcurl, the request's deadlines, and who takes the
// response.
//
// Used in the client's thread only. Each request has a handle of its own: libcurl 7.88 may read
// freed memory if a handle that has been used before receives a response whose first header line
// begins with a space. Preparing a handle is lost in the cost of a request.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/http.h"
#include "net/http_client.h"
#include "net/internal/curl_easy.h"

namespace trainyard::net {

// Takes a response, piece by piece, in the client's thread. A failure returned ends the request.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  virtual Status OnResponse(HttpResponse head) = 0;
  virtual Status OnData(std::string_view data) = 0;
  virtual void OnEnd(const Status& status) = 0;  // exactly once, and last
};

// What new connections use. A new generation after each change.
struct TlsGeneration {
  TlsOptions tls{};
  int number = 0;
  std::chrono::steady_clock::time_point since{};
};

class Transfer {
 public:
  using Clock = std::chrono::steady_clock;

  // `request` must live as long as this.
  Transfer(const HttpRequest& request, std::shared_ptr<ResponseSink> sink);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Sets the handle up. InvalidArgument for what must not be sent.
  Status Prepare(const HttpClientOptions& options, const TlsGeneration& generation);

  // What libcurl's result means for the request that is under way.
  Status StatusOf(CURLcode code) const;
  // When the server has been silent for too long; the far future if that does not matter.
  Clock::time_point idle_deadline() const;
  Status IdleTimeout() const;
  Status Cancelled() const;

  // The connection is not used again after this request.
  void ForbidReuse();

  CURL* easy() const { return easy_.get(); }
  const std::shared_ptr<ResponseSink>& sink() const { return sink_; }

 private:
  static size_t OnHeader(char* data, size_t size, size_t count, void* self);
  static size_t OnBody(char* data, size_t size, size_t count, void* self);
  bool TakeHeaderLine(std::string_view line);

  Status SetTarget(const TlsGeneration& generation);
  Status SetHeaders();
  void SetMethodAndBody();
  Status Failure(StatusCode code, std::string_view cause) const;

  const HttpRequest& request_;
  const std::shared_ptr<ResponseSink> sink_;

  // In this order, as the handle refers to all that follows here until it is gone.
  ListPtr headers_;
  ListPtr connect_to_;
  char error_[CURL_ERROR_SIZE] = {};
  EasyPtr easy_;

  std::string authority_;  // the Host header, where it is not the URL's; otherwise empty
  HttpResponse head_;
  size_t head_bytes_ = 0;
  bool head_is_done_ = false;
  Status failure_;  // why a callback ended the transfer
  const Clock::time_point begin_ = Clock::now();
  Clock::time_point last_activity_ = begin_;
};

}  // namespace trainyard::net
