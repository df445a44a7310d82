#include "train/inputs/map.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "train/inputs/position.h"

namespace trainyard::train {
namespace {

constexpr const char* kKind = "map";
constexpr uint64_t kMinMarkSpacing = 16;

// One element on its way through the function.
struct Task {
  Batch element;
  Random random;
  std::optional<Result<Batch>> result;  // once it is done
};

// Threads that take tasks in order. Tasks stay valid until they are done or the workers are gone.
class Workers {
 public:
  Workers(const MapFn& fn, int num_threads) : fn_(fn) {
    for (int i = 0; i < num_threads; ++i) {
      threads_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
    }
  }
  void Add(Task* task) {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(task);
    }
    added_.notify_one();
  }
  void WaitFor(const Task& task) {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return task.result.has_value(); });
  }

 private:
  void Work(const std::stop_token& stop) {
    while (true) {
      Task* task = nullptr;
      {
        std::unique_lock lock(mutex_);
        added_.wait(lock, stop, [this] { return !queue_.empty(); });
        if (stop.stop_requested()) return;
        task = queue_.front();
        queue_.pop_front();
      }
      Result<Batch> result = fn_(std::move(task->element), task->random);
      {
        const std::lock_guard lock(mutex_);
        task->result = std::move(result);
      }
      done_.notify_one();
    }
  }

  const MapFn& fn_;
  std::mutex mutex_;
  std::condition_variable_any added_;
  std::condition_variable done_;
  std::deque<Task*> queue_;  // guarded by mutex_, as the tasks' results
  std::vector<std::jthread> threads_;
};

class MapIterator : public BatchIterator {
 public:
  MapIterator(std::unique_ptr<BatchIterator> source, const MapFn& fn, const MapOptions& options,
              uint64_t seed, uint64_t epoch)
      : source_(std::move(source)),
        fn_(fn),
        options_(options),
        seed_(seed),
        epoch_(epoch),
        ahead_(options.num_threads > 1 ? 2 * static_cast<size_t>(options.num_threads) : 1),
        marks_(std::max<uint64_t>(ahead_, kMinMarkSpacing)) {}

  Result<std::optional<Batch>> Next() override {
    while (true) {
      while (!ended_ && tasks_.size() < ahead_) Draw();
      if (tasks_.empty()) {
        if (!source_status_.ok()) return source_status_;
        return std::optional<Batch>();
      }
      Task& task = *tasks_.front();
      if (workers_ != nullptr) {
        workers_->WaitFor(task);
      } else {
        task.result = fn_(std::move(task.element), task.random);
      }
      Result<Batch> result = std::move(*task.result);
      tasks_.pop_front();
      marks_.Forget(++handed_out_);
      if (result.ok()) return std::optional<Batch>(std::move(*result));
      if (options_.skip_failed == nullptr) return result.status();
      options_.skip_failed->Add(result.status());
    }
  }

  std::string Save() const override {
    PositionWriter position(kKind);
    position.Number(seed_).Bytes(SaveMarked(kKind, marks_, handed_out_, *source_));
    return position.str();
  }

  Status Restore(const std::string& bytes) override {
    if (bytes.empty()) return OkStatus();
    workers_ = nullptr;  // they finish what they have begun, and are made again when needed
    tasks_.clear();
    ended_ = false;
    source_status_ = OkStatus();
    PositionReader position(kKind, bytes);
    seed_ = position.Number();
    const std::string inner = position.Bytes();
    RETURN_IF_ERROR(position.End());
    ASSIGN_OR_RETURN(handed_out_, RestoreMarked(kKind, inner, *source_, &marks_));
    return OkStatus();
  }

 private:
  void Draw() {
    if (options_.num_threads > 1 && workers_ == nullptr) {
      workers_ = std::make_unique<Workers>(fn_, options_.num_threads);
    }
    const uint64_t number = marks_.num_drawn();
    marks_.BeforeDraw(*source_);
    Result<std::optional<Batch>> element = source_->Next();
    source_status_ = element.status();
    ended_ = !element.ok() || !element->has_value();
    if (ended_) return;
    tasks_.push_back(std::make_unique<Task>(
        Task{std::move(**element), Random::Of({seed_, epoch_, number}), std::nullopt}));
    if (workers_ != nullptr) workers_->Add(tasks_.back().get());
  }

  const std::unique_ptr<BatchIterator> source_;
  const MapFn& fn_;
  const MapOptions& options_;
  uint64_t seed_;
  const uint64_t epoch_;
  const size_t ahead_;
  PositionMarks marks_;
  uint64_t handed_out_ = 0;  // with those left out
  bool ended_ = false;
  Status source_status_;
  std::deque<std::unique_ptr<Task>> tasks_;  // in order
  std::unique_ptr<Workers> workers_;         // after tasks_: gone before them
};

class MapInput : public PassInput {
 public:
  MapInput(InputPtr source, MapFn fn, MapOptions options)
      : source_(std::move(source)), fn_(std::move(fn)), options_(std::move(options)) {}
  const InputSpec& spec() const override {
    return options_.spec.has_value() ? *options_.spec : source_->spec();
  }
  Result<std::unique_ptr<BatchIterator>> MakePass(const Pass& pass) const override {
    ASSIGN_OR_RETURN(auto source, source_->MakePass(pass));
    const uint64_t seed = options_.seed.value_or(pass.salt);
    return std::unique_ptr<BatchIterator>(
        std::make_unique<MapIterator>(std::move(source), fn_, options_, seed, pass.number));
  }

 private:
  const InputPtr source_;
  const MapFn fn_;
  const MapOptions options_;
};

}  // namespace

Result<InputPtr> Map(InputPtr source, MapFn fn, MapOptions options) {
  if (options.num_threads < 1) {
    return InvalidArgumentError("Map: num_threads is {}: it must be at least 1",
                                options.num_threads);
  }
  return InputPtr(std::make_shared<MapInput>(std::move(source), std::move(fn), std::move(options)));
}

}  // namespace trainyard::train
