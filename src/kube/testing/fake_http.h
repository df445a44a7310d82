// An HTTP client that answers from a script, and remembers what it was asked. Thread-safe.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "net/http_client.h"

namespace trainyard::kube {

class FakeHttp : public net::HttpClient {
 public:
  using Answer = Result<net::HttpResponse>;

  // What the test sees after the client has taken the FakeHttp itself.
  struct Record {
    std::mutex mutex{};
    std::deque<Answer> answers{};  // the next ones; an empty 200 when there are none left
    std::vector<net::HttpRequest> requests{};
    std::vector<size_t> batches{};  // the size of each SendAll
    std::vector<net::TlsOptions> tls{};
    net::StreamHandler stream{};  // of the stream that was opened last
    int closed_streams = 0;
  };

  explicit FakeHttp(std::shared_ptr<Record> record) : record_(std::move(record)) {}

  Answer Send(const net::HttpRequest& request) override {
    const std::lock_guard lock(record_->mutex);
    return Next(request);
  }

  std::vector<Answer> SendAll(std::span<const net::HttpRequest> requests, int) override {
    const std::lock_guard lock(record_->mutex);
    record_->batches.push_back(requests.size());
    std::vector<Answer> answers;
    for (const net::HttpRequest& request : requests) answers.push_back(Next(request));
    return answers;
  }

  std::unique_ptr<net::HttpStream> Open(const net::HttpRequest& request,
                                        net::StreamHandler handler) override {
    const std::lock_guard lock(record_->mutex);
    record_->requests.push_back(request);
    record_->stream = std::move(handler);
    return std::make_unique<Stream>(record_);
  }

  Status SetTls(const net::TlsOptions& tls) override {
    const std::lock_guard lock(record_->mutex);
    record_->tls.push_back(tls);
    return OkStatus();
  }

 private:
  class Stream : public net::HttpStream {
   public:
    explicit Stream(std::shared_ptr<Record> record) : record_(std::move(record)) {}
    ~Stream() override { ++record_->closed_streams; }

   private:
    const std::shared_ptr<Record> record_;
  };

  Answer Next(const net::HttpRequest& request) {
    record_->requests.push_back(request);
    if (record_->answers.empty()) return net::HttpResponse{.status = 200};
    Answer answer = std::move(record_->answers.front());
    record_->answers.pop_front();
    return answer;
  }

  const std::shared_ptr<Record> record_;  // shared with the test, which outlives no client
};

}  // namespace trainyard::kube
