// One request on its way: an easy handle of libcurl, the request's deadlines, and who takes the
// response.
//
// Used in the client's thread only. A Transfer is kept for later requests when it is over, since a
// prepared handle costs more than a small request.
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

  explicit Transfer(const HttpClientOptions& options);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Sets the handle up for `request`, which must live until End. InvalidArgument for what must not
  // be sent; the sink has not been called then.
  Status Begin(const HttpRequest& request, std::shared_ptr<ResponseSink> sink,
               const TlsGeneration& generation);

  // What libcurl's result means for the request that is under way.
  Status StatusOf(CURLcode code) const;
  // When the server has been silent for too long; the far future if that does not matter.
  Clock::time_point idle_deadline() const;
  Status IdleTimeout() const;
  Status Cancelled() const;

  // The connection is not used again after this request.
  void ForbidReuse();

  // Leaves the handle without a request, and gives the sink back.
  std::shared_ptr<ResponseSink> End();

  CURL* easy() const { return easy_.get(); }
  const ResponseSink* sink() const { return sink_.get(); }

 private:
  static size_t OnHeader(char* data, size_t size, size_t count, void* self);
  static size_t OnBody(char* data, size_t size, size_t count, void* self);
  bool TakeHeaderLine(std::string_view line);

  Status SetTarget(const TlsGeneration& generation);
  Status SetHeaders();
  void SetMethodAndBody();
  Status Failure(StatusCode code, std::string_view cause) const;

  const EasyPtr easy_;
  int generation_ = -1;
  char error_[CURL_ERROR_SIZE] = {};

  // Of the request under way.
  const HttpRequest* request_ = nullptr;
  std::shared_ptr<ResponseSink> sink_;
  ListPtr headers_;
  ListPtr connect_to_;
  std::string authority_;  // the Host header, where it is not the URL's; otherwise empty
  HttpResponse head_;
  size_t head_bytes_ = 0;
  bool head_is_done_ = false;
  Status failure_;  // why a callback ended the transfer
  Clock::time_point begin_;
  Clock::time_point last_activity_;
};

}  // namespace trainyard::net
