#include <algorithm>

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

// The outputs' rows are the requests'.
Status CheckOutputs(const std::vector<tf::Tensor>& outputs, int64_t rows) {
  for (const tf::Tensor& output : outputs) {
    const tf::Shape shape = output.shape();
    if (shape.empty()) return FailedPreconditionError("Batched output tensor has 0 dimensions");
    if (shape[0] != rows) {
      return FailedPreconditionError(
          "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes "
          "of the input tensors");
    }
  }
  return OkStatus();
}

// Whether the failure may be one request's own, so that the others deserve a try without it.
bool MayBeOnesOwn(const Status& status) {
  return status.code() != StatusCode::kDeadlineExceeded &&
         status.code() != StatusCode::kCancelled && status.code() != StatusCode::kUnavailable;
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

BatchQueue::Outputs BatchQueue::Run(std::span<const tf::Tensor* const> inputs,
                                    const RunLimits& limits) {
  ASSIGN_OR_RETURN(const int64_t rows, CountRows(inputs));
  const BatchingOptions& options = scheduler_.options();
  if (rows > options.max_batch_size) {
    return InvalidArgumentError("Task size {} is larger than maximum input batch size {}", rows,
                                options.max_batch_size);
  }
  if (rows > options.largest_batch()) return RunInParts(inputs, rows, limits);
  // Nothing to join: no rows, or no inputs at all.
  if (rows == 0) return run_(inputs, limits);
  if (scheduler_.BeginAtOnce(rows)) {
    Task task{.inputs = inputs, .rows = rows, .limits = &limits};
    Outputs outputs = RunJoined({&task});
    scheduler_.EndRun();
    return outputs;
  }
  Task task{.inputs = inputs, .rows = rows, .limits = &limits};
  RETURN_IF_ERROR(scheduler_.Enqueue(this, std::span(&task, 1)));
  return WaitFor(&task);
}

BatchQueue::Outputs BatchQueue::RunInParts(std::span<const tf::Tensor* const> inputs, int64_t rows,
                                           const RunLimits& limits) {
  const int64_t largest = scheduler_.options().largest_batch();
  const auto count = static_cast<size_t>((rows + largest - 1) / largest);
  std::vector<std::vector<tf::Tensor>> parts(count);
  std::vector<std::vector<const tf::Tensor*>> pointers(count);
  std::vector<Task> tasks(count);
  for (size_t i = 0; i < count; ++i) {
    const int64_t begin = static_cast<int64_t>(i) * largest;
    const int64_t part = std::min(largest, rows - begin);
    for (const tf::Tensor* input : inputs) parts[i].push_back(TakeRows(*input, begin, part));
    for (const tf::Tensor& input : parts[i]) pointers[i].push_back(&input);
    tasks[i].inputs = pointers[i];
    tasks[i].rows = part;
    tasks[i].limits = &limits;
  }
  RETURN_IF_ERROR(scheduler_.Enqueue(this, tasks));
  // Each must be waited for, whatever came of the others: they use what is ours.
  std::vector<std::vector<tf::Tensor>> outputs;
  Status problem;
  for (Task& task : tasks) {
    Outputs part = WaitFor(&task);
    if (part.ok()) outputs.push_back(std::move(*part));
    if (!part.ok() && problem.ok()) problem = part.status();
  }
  RETURN_IF_ERROR(problem);
  std::vector<tf::Tensor> joined;
  for (size_t i = 0; i < outputs[0].size(); ++i) {
    std::vector<const tf::Tensor*> pieces;
    for (const std::vector<tf::Tensor>& part : outputs) pieces.push_back(&part[i]);
    ASSIGN_OR_RETURN(tf::Tensor whole, JoinRows(pieces, {.name = "output", .rows = rows}));
    joined.push_back(std::move(whole));
  }
  return joined;
}

BatchQueue::Outputs BatchQueue::WaitFor(Task* task) {
  if (!task->limits->deadline) {
    task->done.acquire();
  } else if (!task->done.try_acquire_until(*task->limits->deadline)) {
    if (scheduler_.Withdraw(this, task)) {
      return ResourceExhaustedError("Run() timeout exceeded while waiting in batching queue");
    }
    task->done.acquire();  // it is being run, and its batch ends in time
  }
  return std::move(task->outputs);
}

BatchQueue::Outputs BatchQueue::RunChecked(std::span<const tf::Tensor* const> inputs, int64_t rows,
                                           const RunLimits& limits) const {
  Outputs outputs = run_(inputs, limits);
  if (outputs.ok()) RETURN_IF_ERROR(CheckOutputs(*outputs, rows));
  return outputs;
}

BatchQueue::Outputs BatchQueue::RunJoined(const std::vector<Task*>& batch) const {
  int64_t rows = 0;
  for (const Task* task : batch) rows += task->rows;
  const int64_t filled = FilledSize(scheduler_.options(), rows);
  // As long as one of them still waits, it is worth going on.
  RunLimits limits = *batch[0]->limits;
  if (batch.size() > 1) limits.is_cancelled = nullptr;
  for (const Task* task : batch) {
    if (!limits.deadline) break;
    const auto& other = task->limits->deadline;
    limits.deadline = other ? std::optional(std::max(*limits.deadline, *other)) : std::nullopt;
  }
  if (batch.size() == 1 && filled == rows) return RunChecked(batch[0]->inputs, rows, limits);
  std::vector<tf::Tensor> joined;
  std::vector<const tf::Tensor*> pointers;
  for (size_t i = 0; i < input_names_.size(); ++i) {
    std::vector<const tf::Tensor*> tensors;
    for (const Task* task : batch) tensors.push_back(task->inputs[i]);
    ASSIGN_OR_RETURN(tf::Tensor input,
                     JoinRows(tensors, {.name = input_names_[i],
                                        .rows = filled,
                                        .pad = scheduler_.options().pad_variable_length_inputs}));
    joined.push_back(std::move(input));
  }
  for (const tf::Tensor& input : joined) pointers.push_back(&input);
  ASSIGN_OR_RETURN(std::vector<tf::Tensor> outputs, RunChecked(pointers, filled, limits));
  if (batch.size() == 1) {
    for (tf::Tensor& output : outputs) output = TakeRows(output, 0, rows);
  }
  return outputs;
}

void BatchQueue::RunBatch(const std::vector<Task*>& batch) const {
  Outputs outputs = RunJoined(batch);
  if (batch.size() == 1) {
    batch[0]->Finish(std::move(outputs));
    return;
  }
  if (!outputs.ok() && MayBeOnesOwn(outputs.status())) {
    for (Task* task : batch) task->Finish(RunJoined({task}));
    return;
  }
  int64_t begin = 0;
  for (Task* task : batch) {
    if (!outputs.ok()) {
      task->Finish(outputs.status());
      continue;
    }
    std::vector<tf::Tensor> rows;
    for (const tf::Tensor& output : *outputs) rows.push_back(TakeRows(output, begin, task->rows));
    begin += task->rows;
    task->Finish(std::move(rows));
  }
}

}  // namespace trainyard::serving
