// A batch: its requests' rows in one tensor, one run, and the rows of its outputs back to each.
#include <algorithm>

#include "serving/batching/row_tensors.h"
#include "serving/batching/scheduler.h"
#include "serving/batching/task.h"
#include "serving/metrics/batching_metrics.h"

namespace trainyard::serving {
namespace {

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

RunOutputs BatchQueue::RunChecked(std::span<const tf::Tensor* const> inputs, int64_t rows,
                                  const RunLimits& limits) const {
  RunOutputs outputs = run_(inputs, limits);
  if (outputs.ok()) RETURN_IF_ERROR(CheckOutputs(*outputs, rows));
  return outputs;
}

RunOutputs BatchQueue::RunJoined(std::span<const TaskPtr> batch) const {
  int64_t rows = 0;
  for (const TaskPtr& task : batch) rows += task->rows;
  if (rows == 0) return run_(batch[0]->inputs, batch[0]->limits);
  const int64_t filled = FilledSize(scheduler_.options(), rows);
  // As long as one of them still waits, it is worth going on.
  RunLimits limits = batch[0]->limits;
  if (batch.size() > 1) limits.is_cancelled = nullptr;
  for (const TaskPtr& task : batch) {
    if (!limits.deadline) break;
    const auto& other = task->limits.deadline;
    limits.deadline = other ? std::optional(std::max(*limits.deadline, *other)) : std::nullopt;
  }
  if (batch.size() == 1 && filled == rows) return RunChecked(batch[0]->inputs, rows, limits);
  std::vector<tf::Tensor> joined;
  std::vector<const tf::Tensor*> pointers;
  for (size_t i = 0; i < input_names_.size(); ++i) {
    std::vector<const tf::Tensor*> tensors;
    for (const TaskPtr& task : batch) tensors.push_back(task->inputs[i]);
    ASSIGN_OR_RETURN(tf::Tensor input,
                     JoinRows(tensors, {.name = input_names_[i],
                                        .rows = filled,
                                        .pad = scheduler_.options().pad_variable_length_inputs}));
    joined.push_back(std::move(input));
  }
  for (const tf::Tensor& input : joined) pointers.push_back(&input);
  ASSIGN_OR_RETURN(std::vector<tf::Tensor> outputs, RunChecked(pointers, filled, limits));
  if (batch.size() == 1 && filled > rows) {
    for (tf::Tensor& output : outputs) output = TakeRows(output, 0, rows);
  }
  return outputs;
}

void BatchQueue::CountBatch(const std::vector<TaskPtr>& batch, RunLimits::TimePoint now) const {
  using std::chrono::duration_cast, std::chrono::microseconds;
  BatchingMetrics* const metrics = scheduler_.metrics_;
  if (metrics == nullptr || batch.empty()) return;
  int64_t rows = 0;
  for (const TaskPtr& task : batch) {
    rows += task->rows;
    metrics->ObserveQueuing(duration_cast<microseconds>(now - task->enqueued).count());
  }
  const int64_t filled = rows == 0 ? 0 : FilledSize(scheduler_.options(), rows);
  metrics->ObserveBatch(filled, filled - rows);
}

// The queue lives as long as one of the batch has not been answered, and may be gone then.
void BatchQueue::RunBatch(std::vector<TaskPtr> batch) const {
  const auto now = std::chrono::steady_clock::now();
  std::vector<TaskPtr> asked = std::exchange(batch, {});
  std::vector<std::pair<TaskPtr, Status>> over;
  for (TaskPtr& task : asked) {
    Status status = task->Over(now);
    if (status.ok()) {
      batch.push_back(std::move(task));
    } else {
      over.emplace_back(std::move(task), std::move(status));
    }
  }
  CountBatch(batch, now);
  for (const auto& [task, status] : over) task->Finish(status);
  if (batch.empty()) return;
  RunOutputs outputs = RunJoined(batch);
  if (batch.size() == 1) return batch[0]->Finish(std::move(outputs));
  if (!outputs.ok() && MayBeOnesOwn(outputs.status())) {
    for (const TaskPtr& task : batch) task->Finish(RunJoined({&task, 1}));
    return;
  }
  int64_t begin = 0;
  for (const TaskPtr& task : batch) {
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
