// Threads for calls that may take long or wait, so that gRPC's own, which read from the network,
// never do.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace trainyard::serving {

// As many threads as are needed at the same time, up to a limit; they stay for the next calls.
// Thread-safe. The destructor waits until all that was posted is done.
class CallThreads {
 public:
  explicit CallThreads(int most) : most_(static_cast<size_t>(most)) {}
  ~CallThreads();
  CallThreads(const CallThreads&) = delete;
  CallThreads& operator=(const CallThreads&) = delete;

  // Runs `work` in one of the threads. False, and nothing is done, if all are busy and there may be
  // no more.
  bool Post(std::function<void()> work);

  int most() const { return static_cast<int>(most_); }

 private:
  void Run();

  const size_t most_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::deque<std::function<void()>> waiting_;  // at most one for each idle thread
  size_t idle_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace trainyard::serving
