#include "net/http_client.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "net/internal/curl_loop.h"
#include "net/internal/tls_context.h"
#include "net/internal/url.h"

namespace trainyard::net {
namespace {

// Lets one thread wait for a number of events in another. Shared, so that the last event can wake
// the waiting thread without holding the lock that it needs to go on.
class Latch {
 public:
  explicit Latch(size_t left) : left_(left) {}

  void CountDown() {
    std::unique_lock lock(mutex_);
    const bool is_last = --left_ == 0;
    lock.unlock();
    if (is_last) is_done_.notify_one();
  }

  void Wait() {
    std::unique_lock lock(mutex_);
    is_done_.wait(lock, [&] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  size_t left_;  // guarded by mutex_
  std::condition_variable is_done_;
};

// Requests that one caller waits for. Each that ends starts the next, in the loop's thread. Lives
// on the caller's stack, which stays until all have ended.
class Batch {
 public:
  Batch(CurlLoop& loop, std::span<const HttpRequest> requests)
      : loop_(loop), requests_(requests), latch_(std::make_shared<Latch>(requests.size())) {
    items_.reserve(requests.size());
    for (const HttpRequest& request : requests) items_.emplace_back(*this, request);
  }

  std::vector<Result<HttpResponse>> Run(size_t max_in_flight) {
    const size_t first = std::min(max_in_flight, requests_.size());
    next_ = first;
    for (size_t i = 0; i < first; ++i) Start(i);
    latch_->Wait();
    std::vector<Result<HttpResponse>> results;
    results.reserve(items_.size());
    for (Item& item : items_) results.push_back(std::move(item).TakeResult());
    return results;
  }

 private:
  class Item : public ResponseSink {
   public:
    Item(Batch& batch, const HttpRequest& request) : batch_(batch), request_(request) {}

    Status OnResponse(HttpResponse head) override {
      response_ = std::move(head);
      ReserveBody();
      return OkStatus();
    }

    Status OnData(std::string_view data) override {
      if (data.size() > request_.max_body_bytes - response_.body.size()) {
        return ResourceExhaustedError("{} {}: the response is larger than {} bytes",
                                      request_.method, WithoutQuery(request_.url),
                                      request_.max_body_bytes);
      }
      response_.body.append(data);
      return OkStatus();
    }

    void OnEnd(const Status& status) override {
      status_ = status;
      batch_.OneHasEnded();
    }

    Result<HttpResponse> TakeResult() && {
      if (!status_.ok()) return std::move(status_);
      return std::move(response_);
    }

   private:
    void ReserveBody() {
      const std::string* length = FindHeader(response_.headers, "Content-Length");
      size_t bytes = 0;
      if (length == nullptr) return;
      std::from_chars(length->data(), length->data() + length->size(), bytes);
      // Not on the server's word alone, if that is large.
      response_.body.reserve(std::min({bytes, request_.max_body_bytes, size_t{16} << 20}));
    }

    Batch& batch_;
    const HttpRequest& request_;
    HttpResponse response_;
    Status status_;
  };

  void Start(size_t index) {
    // No ownership: the batch outlives its requests.
    loop_.Start(requests_[index],
                std::shared_ptr<ResponseSink>(std::shared_ptr<void>(), &items_[index]));
  }

  void OneHasEnded() {
    const size_t mine = next_++;
    if (mine < requests_.size()) Start(mine);
    const std::shared_ptr<Latch> latch = latch_;  // the batch may be gone before the call returns
    latch->CountDown();
  }

  CurlLoop& loop_;
  const std::span<const HttpRequest> requests_;
  const std::shared_ptr<Latch> latch_;
  std::vector<Item> items_;
  std::atomic<size_t> next_{0};
};

// The loop's side of an HttpStream; shared, since the loop learns of its end a little later.
class StreamSink : public ResponseSink {
 public:
  StreamSink(HttpRequest request, StreamHandler handler)
      : request_(std::move(request)), handler_(std::move(handler)) {}

  const HttpRequest& request() const { return request_; }

  Status OnResponse(HttpResponse head) override {
    return Call([&] {
      if (handler_.on_response) handler_.on_response(head);
      return OkStatus();
    });
  }

  Status OnData(std::string_view data) override {
    return Call([&] { return handler_.on_data ? handler_.on_data(data) : OkStatus(); });
  }

  void OnEnd(const Status& status) override {
    static_cast<void>(Call([&] {
      if (handler_.on_end) handler_.on_end(status);
      return OkStatus();
    }));
  }

  // Waits for a call that is under way; none follows. What the handler holds is gone when this
  // returns.
  void Detach() {
    CHECK(caller_ != std::this_thread::get_id());  // a handler must not destroy its own stream
    const std::lock_guard lock(mutex_);
    is_detached_ = true;
    handler_ = {};
  }

 private:
  // The one place where a lock is held during a callback: it is what Detach waits for.
  template <class Function>
  Status Call(Function function) {
    const std::lock_guard lock(mutex_);
    if (is_detached_) return CancelledError("the stream was closed");
    caller_ = std::this_thread::get_id();
    const Status status = function();
    caller_ = std::thread::id();
    return status;
  }

  const HttpRequest request_;
  std::atomic<std::thread::id> caller_{};
  std::mutex mutex_;
  // Both guarded by mutex_.
  bool is_detached_ = false;
  StreamHandler handler_;
};

class CurlStream : public HttpStream {
 public:
  CurlStream(std::shared_ptr<CurlLoop> loop, const HttpRequest& request, StreamHandler handler)
      : loop_(std::move(loop)), sink_(std::make_shared<StreamSink>(request, std::move(handler))) {
    loop_->Start(sink_->request(), sink_);
  }

  ~CurlStream() override {
    sink_->Detach();
    loop_->Cancel(sink_);
  }

 private:
  // Shared with the client, so that a stream may outlive it.
  const std::shared_ptr<CurlLoop> loop_;
  const std::shared_ptr<StreamSink> sink_;
};

class CurlClient : public HttpClient {
 public:
  explicit CurlClient(const HttpClientOptions& options)
      : loop_(std::make_shared<CurlLoop>(options)) {}
  ~CurlClient() override { loop_->Stop(); }

  Result<HttpResponse> Send(const HttpRequest& request) override {
    return std::move(SendAll({&request, 1}, 1).front());
  }

  std::vector<Result<HttpResponse>> SendAll(std::span<const HttpRequest> requests,
                                            int max_in_flight) override {
    CHECK(max_in_flight > 0);
    CHECK(!loop_->is_in_loop_thread());  // a handler that waits would wait for itself
    return Batch(*loop_, requests).Run(static_cast<size_t>(max_in_flight));
  }

  std::unique_ptr<HttpStream> Open(const HttpRequest& request, StreamHandler handler) override {
    return std::make_unique<CurlStream>(loop_, request, std::move(handler));
  }

  Status SetTls(const TlsOptions& tls) override {
    RETURN_IF_ERROR(MakeTlsContext(tls).status());
    loop_->SetTls(tls);
    return OkStatus();
  }

 private:
  const std::shared_ptr<CurlLoop> loop_;
};

}  // namespace

Result<std::unique_ptr<HttpClient>> HttpClient::Create(const HttpClientOptions& options) {
  RETURN_IF_ERROR(InitCurl());
  RETURN_IF_ERROR(MakeTlsContext(options.tls).status());
  if (options.max_connections < 1) {
    return InvalidArgumentError("an HTTP client needs max_connections of at least 1");
  }
  return std::make_unique<CurlClient>(options);
}

}  // namespace trainyard::net
