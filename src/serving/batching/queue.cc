#include <algorithm>
#include <atomic>
#include <optional>
#include <semaphore>

#include "serving/batching/row_tensors.h"
#include "serving/batching/scheduler.h"
#include "serving/batching/task.h"

namespace trainyard::serving {
namespace {

Result<int64_t> CountRows(std::span<const tf::Tensor* const> inputs) {
  std::optional<int64_t> rows;
  for (const tf::Tensor* input : inputs) {
    const tf::Shape shape = input->shape();
    if (shape.empty()) {
      return InvalidArgumentError("Batching Run() input tensors must have at least one dimension");
    }
    if (rows.value_or(shape[0]) != shape[0]) {
      return InvalidArgumentError(
          "Batching Run() input tensors must have equal 0th-dimension size");
    }
    rows = shape[0];
  }
  return rows.value_or(0);
}

Result<int64_t> CountRows(std::span<const tf::Tensor* const> inputs,
                          const BatchingOptions& options) {
  ASSIGN_OR_RETURN(const int64_t rows, CountRows(inputs));
  if (rows > options.max_batch_size) {
    return InvalidArgumentError("Task size {} is larger than maximum input batch size {}", rows,
                                options.max_batch_size);
  }
  return rows;
}

// A request of more rows than are run at once. Shared by its parts, which end in any order; the
// last one answers.
struct Parts {
  int64_t rows = 0;
  RunDone done{};
  std::vector<std::vector<tf::Tensor>> inputs{};  // of each part
  std::vector<RunOutputs> outputs{};              // each written by its own part
  std::atomic<size_t> left{0};
};

RunOutputs JoinOutputs(const Parts& parts) {
  for (const RunOutputs& part : parts.outputs) RETURN_IF_ERROR(part.status());
  std::vector<tf::Tensor> joined;
  for (size_t i = 0; i < parts.outputs[0]->size(); ++i) {
    std::vector<const tf::Tensor*> pieces;
    for (const RunOutputs& part : parts.outputs) pieces.push_back(&(*part)[i]);
    ASSIGN_OR_RETURN(tf::Tensor whole, JoinRows(pieces, {.name = "output", .rows = parts.rows}));
    joined.push_back(std::move(whole));
  }
  return joined;
}

void EndPart(Parts* parts, size_t number, RunOutputs outputs) {
  parts->outputs[number] = std::move(outputs);
  if (--parts->left > 0) return;
  RunOutputs joined = JoinOutputs(*parts);
  parts->inputs.clear();
  parts->outputs.clear();
  const RunDone done = std::move(parts->done);
  done(std::move(joined));
}

}  // namespace

BatchQueue::BatchQueue(BatchScheduler* scheduler, std::vector<std::string> input_names,
                       BatchRun run)
    : scheduler_(*scheduler), input_names_(std::move(input_names)), run_(std::move(run)) {}

BatchQueue::~BatchQueue() { CHECK(waiting_.empty()); }

int64_t BatchQueue::waiting_rows() const {
  const std::lock_guard lock(scheduler_.mutex_);
  return waiting_rows_;
}

// Nothing of the queue is touched once a request has been answered: it may be gone then.
void BatchQueue::RunThen(std::span<const tf::Tensor* const> inputs, const RunLimits& limits,
                         InCaller in_caller, RunDone done) {
  const Result<int64_t> rows = CountRows(inputs, scheduler_.options());
  if (!rows.ok()) return done(rows.status());
  if (*rows > scheduler_.options().largest_batch()) {
    return RunInParts(inputs, *rows, limits, std::move(done));
  }
  auto task = std::make_unique<Task>(Task{.inputs = {inputs.begin(), inputs.end()},
                                          .rows = *rows,
                                          .limits = limits,
                                          .done = std::move(done)});
  if (scheduler_.BeginAtOnce(this, *task, in_caller)) {
    RunOutputs outputs = RunJoined({&task, 1});
    scheduler_.EndRun(this, *task);
    return task->Finish(std::move(outputs));
  }
  const Status refused = scheduler_.Enqueue(this, {&task, 1});
  if (!refused.ok()) task->Finish(refused);
}

RunOutputs BatchQueue::Run(std::span<const tf::Tensor* const> inputs, const RunLimits& limits) {
  RunOutputs result = std::vector<tf::Tensor>();
  std::binary_semaphore is_done{0};
  RunThen(inputs, limits, InCaller::kIfRoom, [&](RunOutputs outputs) {
    result = std::move(outputs);
    is_done.release();
  });
  is_done.acquire();  // the scheduler's: it answers at the deadline, or when the run has ended
  return result;
}

void BatchQueue::RunInParts(std::span<const tf::Tensor* const> inputs, int64_t rows,
                            const RunLimits& limits, RunDone done) {
  const int64_t largest = scheduler_.options().largest_batch();
  const auto count = static_cast<size_t>((rows + largest - 1) / largest);
  const auto parts = std::make_shared<Parts>();
  parts->rows = rows;
  parts->done = std::move(done);
  parts->inputs.resize(count);
  parts->left = count;
  std::vector<TaskPtr> tasks;
  for (size_t i = 0; i < count; ++i) {
    const int64_t begin = static_cast<int64_t>(i) * largest;
    const int64_t part = std::min(largest, rows - begin);
    auto task = std::make_unique<Task>(Task{.rows = part, .limits = limits});
    for (const tf::Tensor* input : inputs) {
      parts->inputs[i].push_back(TakeRows(*input, begin, part));
    }
    for (const tf::Tensor& input : parts->inputs[i]) task->inputs.push_back(&input);
    task->done = [parts, i](RunOutputs outputs) { EndPart(parts.get(), i, std::move(outputs)); };
    parts->outputs.emplace_back(std::vector<tf::Tensor>());
    tasks.push_back(std::move(task));
  }
  const Status refused = scheduler_.Enqueue(this, tasks);
  if (refused.ok()) return;
  const RunDone answer = std::move(parts->done);
  answer(refused);
}

}  // namespace trainyard::serving
