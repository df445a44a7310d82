#include "serving/in_flight.h"

namespace trainyard::serving {

// Both sides write first and read then: either the newcomer sees the door closed, or the closer
// counts the newcomer.
InFlight::Answer InFlight::Enter() {
  const int64_t now_inside = ++inside_;
  if (!closed_) {
    if (now_inside <= max_inside_) return Answer::kInside;
    Leave();
    return Answer::kFull;
  }
  ++refused_;
  Leave();
  return Answer::kClosed;
}

Status InFlight::Pass::refusal() const {
  switch (answer_) {
    case Answer::kInside:
      break;
    case Answer::kClosed:
      return UnavailableError("the server is stopping");
    case Answer::kFull:
      return ResourceExhaustedError(
          "the server is answering {} requests already, as many as --max_concurrent_requests "
          "allows; try again later or elsewhere",
          requests_.max_inside_);
  }
  return OkStatus();
}

void InFlight::Leave() {
  --inside_;
  if (!closed_) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  changed_.notify_all();
}

bool InFlight::CloseAndWait(std::chrono::milliseconds limit) {
  closed_ = true;
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, limit, [&] { return inside_ == 0; });
}

void InFlight::WaitUntilQuiet(std::chrono::milliseconds quiet, std::chrono::milliseconds limit) {
  // In parts: where the whole machine stands still for longer, only one of them passes, and those
  // who were about to knock have the others.
  constexpr int kParts = 5;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::unique_lock<std::mutex> lock(mutex_);
  int quiet_parts = 0;
  while (quiet_parts < kParts && std::chrono::steady_clock::now() < deadline) {
    const int64_t before = refused_;
    const bool is_quiet =
        !changed_.wait_for(lock, quiet / kParts, [&] { return refused_ != before; });
    quiet_parts = is_quiet ? quiet_parts + 1 : 0;
  }
}

}  // namespace trainyard::serving
