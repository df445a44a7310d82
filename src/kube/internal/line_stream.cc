#include "kube/internal/line_stream.h"

#include <thread>
#include <utility>

#include "kube/internal/line_splitter.h"

namespace trainyard::kube {
namespace {

constexpr size_t kMaxLineBytes = 64u << 20;
// Of the body of a failure; a Status object has at most some kB.
constexpr size_t kMaxErrorBytes = 64u << 10;

// All functions but constructor and destructor run in the HTTP client's thread, one at a time.
class LineStream : public ApiStream {
 public:
  LineStream(LineStreamHooks hooks, LineHandler handler)
      : hooks_(std::move(hooks)), handler_(std::move(handler)) {}

  void Start(net::HttpClient* http, const net::HttpRequest& request) {
    stream_ = http->Open(
        request,
        {.on_response = [this](const net::HttpResponse& response) { OnResponse(response); },
         .on_data = [this](std::string_view piece) { return OnData(piece); },
         .on_end = [this](const Status& status) { OnEnd(status); }});
  }

 private:
  void OnResponse(const net::HttpResponse& response) {
    status_ = response.status;
    is_success_ = response.is_success();
    if (hooks_.on_answer) hooks_.on_answer(status_, response.headers);
    if (is_success_ && handler_.on_open) handler_.on_open();
  }

  Status OnData(std::string_view piece) {
    if (!is_success_) {
      error_body_.append(piece.substr(0, kMaxErrorBytes - error_body_.size()));
      return OkStatus();
    }
    handler_status_ = lines_.Feed(piece, handler_.on_line);
    return handler_status_;
  }

  void OnEnd(const Status& status) {
    if (status_ == 0 && hooks_.on_answer) hooks_.on_answer(0, {});
    if (handler_.on_end) handler_.on_end(Outcome(status));
  }

  Status Outcome(const Status& status) {
    if (!handler_status_.ok()) return handler_status_;
    if (status_ != 0 && !is_success_) return ToStatus(hooks_.attempt, status_, error_body_);
    if (!status.ok()) return status.WithContext("cannot " + hooks_.attempt);
    return lines_.Finish(handler_.on_line);
  }

  const LineStreamHooks hooks_;
  const LineHandler handler_;
  int status_ = 0;
  bool is_success_ = false;
  std::string error_body_;
  Status handler_status_;
  LineSplitter lines_{kMaxLineBytes};

  std::unique_ptr<net::HttpStream> stream_;  // last: nothing of the above is used once it is gone
};

class ThreadStream : public ApiStream {
 public:
  ThreadStream(Status failure, LineHandler handler)
      : thread_([failure = std::move(failure), handler = std::move(handler)] {
          if (handler.on_end) handler.on_end(failure);
        }) {}

 private:
  std::jthread thread_;
};

}  // namespace

std::unique_ptr<ApiStream> OpenLines(net::HttpClient* http, const net::HttpRequest& request,
                                     LineStreamHooks hooks, LineHandler handler) {
  auto stream = std::make_unique<LineStream>(std::move(hooks), std::move(handler));
  stream->Start(http, request);
  return stream;
}

std::unique_ptr<ApiStream> FailedStream(Status failure, LineHandler handler) {
  return std::make_unique<ThreadStream>(std::move(failure), std::move(handler));
}

}  // namespace trainyard::kube
