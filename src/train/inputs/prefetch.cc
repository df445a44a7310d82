#include "train/inputs/prefetch.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <thread>

#include "train/inputs/position.h"

namespace trainyard::train {
namespace {

constexpr const char* kKind = "prefetch";
constexpr uint64_t kMinMarkSpacing = 16;

class PrefetchIterator : public BatchIterator {
 public:
  PrefetchIterator(std::unique_ptr<BatchIterator> source, uint64_t buffer_size)
      : source_(std::move(source)),
        buffer_size_(buffer_size),
        marks_(std::max(buffer_size, kMinMarkSpacing)) {}

  Result<std::optional<Batch>> Next() override {
    if (!thread_.joinable()) {
      thread_ = std::jthread([this](const std::stop_token& stop) { Work(stop); });
    }
    std::unique_lock lock(mutex_);
    // The thread never waits for anything but room, so an element, an end or an error comes.
    changed_.wait(lock, [this] { return !waiting_.empty() || ended_; });
    if (waiting_.empty()) {
      if (!status_.ok()) return status_;
      return std::optional<Batch>();
    }
    Batch next = std::move(waiting_.front());
    waiting_.pop_front();
    marks_.Forget(++handed_out_);
    lock.unlock();
    changed_.notify_all();
    return std::optional<Batch>(std::move(next));
  }

  std::string Save() const override {
    // Under the lock the thread is not drawing, or it has counted its draw, and then the marks
    // answer and not the source.
    const std::lock_guard lock(mutex_);
    return SaveMarked(kKind, marks_, handed_out_, *source_);
  }

  Status Restore(const std::string& position) override {
    if (position.empty()) return OkStatus();
    thread_ = std::jthread();  // stopped and joined
    waiting_.clear();
    ended_ = false;
    status_ = OkStatus();
    ASSIGN_OR_RETURN(handed_out_, RestoreMarked(kKind, position, *source_, &marks_));
    return OkStatus();
  }

 private:
  void Work(const std::stop_token& stop) {
    while (true) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, stop, [this] { return waiting_.size() < buffer_size_; });
        if (stop.stop_requested()) return;
        marks_.BeforeDraw(*source_);
      }
      Result<std::optional<Batch>> element = source_->Next();
      const std::lock_guard lock(mutex_);
      ended_ = !element.ok() || !element->has_value();
      status_ = element.status();
      if (!ended_) waiting_.push_back(std::move(**element));
      changed_.notify_all();
      if (ended_) return;
    }
  }

  const std::unique_ptr<BatchIterator> source_;  // the thread's, while it draws
  const uint64_t buffer_size_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_ while the thread runs.
  PositionMarks marks_;
  std::deque<Batch> waiting_;
  uint64_t handed_out_ = 0;
  bool ended_ = false;
  Status status_;

  std::jthread thread_;  // last: joined before the rest goes
};

class PrefetchInput : public PassInput {
 public:
  PrefetchInput(InputPtr source, PrefetchOptions options)
      : source_(std::move(source)), options_(options) {}
  const InputSpec& spec() const override { return source_->spec(); }
  Result<std::unique_ptr<BatchIterator>> MakePass(const Pass& pass) const override {
    ASSIGN_OR_RETURN(auto source, source_->MakePass(pass));
    return std::unique_ptr<BatchIterator>(
        std::make_unique<PrefetchIterator>(std::move(source), options_.buffer_size));
  }

 private:
  const InputPtr source_;
  const PrefetchOptions options_;
};

}  // namespace

Result<InputPtr> Prefetch(InputPtr source, PrefetchOptions options) {
  if (options.buffer_size == 0) {
    return InvalidArgumentError("Prefetch: buffer_size is 0: it must be at least 1");
  }
  return InputPtr(std::make_shared<PrefetchInput>(std::move(source), options));
}

}  // namespace trainyard::train
