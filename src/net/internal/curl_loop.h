// The one thread of an HttpClient: takes requests, runs libcurl, hands responses to their sinks.
//
// Start, Cancel and SetTls may be called from any thread, also from a sink; what they ask for
// happens in their order. Thread-safe. Stop once, from another thread than the loop's own.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "net/internal/transfer.h"

namespace trainyard::net {

class CurlLoop {
 public:
  explicit CurlLoop(const HttpClientOptions& options);
  ~CurlLoop() { Stop(); }
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  // `request` must live until the sink's OnEnd.
  void Start(const HttpRequest& request, std::shared_ptr<ResponseSink> sink);
  // Ends the request that has this sink; nothing happens if it has ended.
  void Cancel(std::shared_ptr<ResponseSink> sink);
  void SetTls(const TlsOptions& tls);

  // Ends every request with Cancelled, and the thread; later ones end with Cancelled at once.
  void Stop();

  bool is_in_loop_thread() const { return std::this_thread::get_id() == thread_id_; }

 private:
  using Clock = Transfer::Clock;
  using Transfers = std::list<std::unique_ptr<Transfer>>;

  struct Command {
    const HttpRequest* request = nullptr;  // to start it with `sink`; null: cancel that one
    std::shared_ptr<ResponseSink> sink{};
    std::unique_ptr<TlsOptions> tls{};  // not null: use these from now on
  };

  void Post(Command command);

  // The loop's own thread, from here on.
  void Run(const std::stop_token& stop);
  bool RefuseCommands();
  void ObeyCommands();
  void Begin(const HttpRequest& request, std::shared_ptr<ResponseSink> sink);
  void ChangeTls(TlsOptions tls);
  void EndFinished();
  void EndIdle();
  void End(Transfers::iterator transfer, const Status& status);
  Transfers::iterator Find(const ResponseSink* sink);
  std::chrono::milliseconds UntilNextIdleCheck() const;

  const HttpClientOptions options_;
  const MultiPtr multi_;

  std::mutex mutex_;
  // Both guarded by mutex_.
  std::vector<Command> commands_;
  bool is_stopped_ = false;

  // The loop thread's.
  TlsGeneration generation_;
  Transfers active_;
  std::vector<Command> obeyed_;    // kept for its memory
  bool has_own_commands_ = false;  // posted by a sink; the loop must not sleep before it has looked
  Clock::time_point next_idle_check_ = Clock::time_point::max();

  std::atomic<std::thread::id> thread_id_{};
  std::jthread thread_;
};

}  // namespace trainyard::net
