#include "net/internal/curl_loop.h"

#include <algorithm>
#include <utility>

namespace trainyard::net {
namespace {

// The longest sleep: nothing depends on it, since every event wakes the loop.
constexpr std::chrono::milliseconds kLongest{60'000};

}  // namespace

CurlLoop::CurlLoop(const HttpClientOptions& options)
    : options_(options), multi_(MakeMulti(options.max_connections)) {
  generation_.tls = options.tls;
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void CurlLoop::Start(const HttpRequest& request, std::shared_ptr<ResponseSink> sink) {
  Post({.request = &request, .sink = std::move(sink)});
}

void CurlLoop::Cancel(std::shared_ptr<ResponseSink> sink) { Post({.sink = std::move(sink)}); }

void CurlLoop::SetTls(const TlsOptions& tls) { Post({.tls = std::make_unique<TlsOptions>(tls)}); }

void CurlLoop::Post(Command command) {
  std::unique_lock lock(mutex_);
  const bool is_refused = is_stopped_;
  if (!is_refused) commands_.push_back(std::move(command));
  const bool is_first = commands_.size() == 1;
  lock.unlock();
  if (is_refused) {
    if (command.request == nullptr) return;
    command.sink->OnEnd(CancelledError("the HTTP client has been stopped"));
  } else if (is_in_loop_thread()) {
    has_own_commands_ = true;
  } else if (is_first) {
    curl_multi_wakeup(multi_.get());  // for all that come before the loop looks
  }
}

void CurlLoop::Stop() {
  if (!thread_.joinable()) return;
  CHECK(!is_in_loop_thread());
  thread_.request_stop();
  curl_multi_wakeup(multi_.get());
  thread_.join();
}

void CurlLoop::Run(const std::stop_token& stop) {
  thread_id_ = std::this_thread::get_id();
  while (!stop.stop_requested()) {
    ObeyCommands();
    int running = 0;
    const CURLMcode code = curl_multi_perform(multi_.get(), &running);
    CHECK(code == CURLM_OK);
    EndFinished();
    EndIdle();
    if (std::exchange(has_own_commands_, false)) continue;
    curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(UntilNextIdleCheck().count()),
                    nullptr);
  }
  while (!RefuseCommands()) {
    ObeyCommands();
    while (!active_.empty()) End(active_.begin(), active_.front()->Cancelled());
  }
}

// Refuses further commands unless there are some to be obeyed first.
bool CurlLoop::RefuseCommands() {
  const std::lock_guard lock(mutex_);
  is_stopped_ = commands_.empty() && active_.empty();
  return is_stopped_;
}

void CurlLoop::ObeyCommands() {
  {
    const std::lock_guard lock(mutex_);
    if (commands_.empty()) return;
    obeyed_.swap(commands_);
  }
  for (Command& command : obeyed_) {
    if (command.tls != nullptr) {
      ChangeTls(std::move(*command.tls));
    } else if (command.request != nullptr) {
      Begin(*command.request, std::move(command.sink));
    } else if (const auto found = Find(command.sink.get()); found != active_.end()) {
      End(found, (*found)->Cancelled());
    }
  }
  obeyed_.clear();
}

void CurlLoop::Begin(const HttpRequest& request, std::shared_ptr<ResponseSink> sink) {
  auto transfer = std::make_unique<Transfer>(request, std::move(sink));
  const Status status = transfer->Prepare(options_, generation_);
  if (!status.ok()) return transfer->sink()->OnEnd(status);
  next_idle_check_ = std::min(next_idle_check_, transfer->idle_deadline());
  const CURLMcode code = curl_multi_add_handle(multi_.get(), transfer->easy());
  CHECK(code == CURLM_OK);
  active_.push_front(std::move(transfer));
}

void CurlLoop::ChangeTls(TlsOptions tls) {
  if (tls == generation_.tls) return;
  generation_ = {.tls = std::move(tls), .number = generation_.number + 1, .since = Clock::now()};
  for (const auto& transfer : active_) transfer->ForbidReuse();
}

void CurlLoop::EndFinished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    void* self = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
    const CURLcode code = message->data.result;
    const auto found = std::find_if(active_.begin(), active_.end(),
                                    [&](const auto& transfer) { return transfer.get() == self; });
    CHECK(found != active_.end());
    End(found, (*found)->StatusOf(code));
  }
}

void CurlLoop::EndIdle() {
  const auto now = Clock::now();
  if (now < next_idle_check_) return;
  next_idle_check_ = Clock::time_point::max();
  for (auto transfer = active_.begin(); transfer != active_.end();) {
    const auto current = transfer++;
    const auto deadline = (*current)->idle_deadline();
    if (deadline <= now) {
      End(current, (*current)->IdleTimeout());
    } else {
      next_idle_check_ = std::min(next_idle_check_, deadline);
    }
  }
}

void CurlLoop::End(Transfers::iterator transfer, const Status& status) {
  // Closes or frees the connection, and sends HTTP/2's RST_STREAM if the response is not complete.
  curl_multi_remove_handle(multi_.get(), (*transfer)->easy());
  const std::shared_ptr<ResponseSink> sink = (*transfer)->sink();
  active_.erase(transfer);
  sink->OnEnd(status);
}

CurlLoop::Transfers::iterator CurlLoop::Find(const ResponseSink* sink) {
  return std::find_if(active_.begin(), active_.end(),
                      [&](const auto& transfer) { return transfer->sink().get() == sink; });
}

std::chrono::milliseconds CurlLoop::UntilNextIdleCheck() const {
  if (next_idle_check_ == Clock::time_point::max()) return kLongest;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next_idle_check_ - Clock::now());
  return std::clamp(wait, std::chrono::milliseconds(0), kLongest);
}

}  // namespace trainyard::net
