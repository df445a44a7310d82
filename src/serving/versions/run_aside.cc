#include "serving/versions/run_aside.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <thread>

namespace trainyard::serving {
namespace {

// A tenth of the share of a thread of normal priority. At 19, a seventieth, a load would hardly
// come to an end where requests take all processors.
constexpr int kNice = 10;
// Of one turn on the processor; giving it up costs as much again. The shortest that Linux grants.
constexpr std::chrono::nanoseconds kSlice = std::chrono::microseconds(100);
constexpr std::chrono::nanoseconds kYieldInterval = kSlice;

// The kernel's struct sched_attr, first version; its own header does not go with the C library's.
struct SchedulingAttributes {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime;  // ns; the slice, of threads without a deadline (since Linux 6.12)
  uint64_t deadline;
  uint64_t period;
};

// The calling thread alone: on Linux priorities belong to threads. A refusal changes nothing.
void GoToBackground() {
  const SchedulingAttributes attributes{
      .size = sizeof(SchedulingAttributes),
      .policy = SCHED_BATCH,  // never takes the processor from another when it wakes up
      .nice = kNice,
      .runtime = static_cast<uint64_t>(kSlice.count()),
  };
  syscall(SYS_sched_setattr, 0, &attributes, 0);
}

// While it exists, the thread that made it gives the processor up again and again.
class Yielding {
 public:
  Yielding() {
    static const bool is_installed = Install();
    if (!is_installed) return;
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = Signal();
    event._sigev_un._tid = static_cast<pid_t>(syscall(SYS_gettid));
    is_running_ = timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
    const timespec interval{.tv_sec = 0, .tv_nsec = kYieldInterval.count()};
    const itimerspec times{.it_interval = interval, .it_value = interval};
    if (is_running_) timer_settime(timer_, 0, &times, nullptr);
  }
  ~Yielding() {
    if (is_running_) timer_delete(timer_);
  }
  Yielding(const Yielding&) = delete;
  Yielding& operator=(const Yielding&) = delete;

 private:
  static int Signal() { return SIGRTMAX - 1; }

  static bool Install() {
    struct sigaction action{};
    action.sa_handler = [](int) { sched_yield(); };
    action.sa_flags = SA_RESTART;
    return sigaction(Signal(), &action, nullptr) == 0;
  }

  bool is_running_ = false;
  timer_t timer_{};
};

}  // namespace

void RunAside(bool background, const std::function<void()>& work) {
  std::jthread thread([&] {
    if (!background) return work();
    GoToBackground();
    const Yielding yielding;
    work();
  });
}

}  // namespace trainyard::serving
