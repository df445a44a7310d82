#include "train/strategies/all_reduce.h"

#include <array>
#include <thread>

#include "base/log.h"
#include "train/loop/stop_signal.h"

namespace trainyard::train {
namespace {

// How long a member that was asked to stop lets an exchange go on: it may be over in a moment.
constexpr std::chrono::seconds kPatienceWhenStopped(2);

std::vector<tf::Shape> ShapesOf(const ModelBuilder& model) {
  std::vector<tf::Shape> shapes;
  for (const ModelBuilder::ReplicaMean& each : model.replica_means()) shapes.push_back(each.shape);
  shapes.push_back({});  // the loss
  shapes.push_back({});  // whether a member ends
  return shapes;
}

RunConfig WithThreads(RunConfig config, const Membership& members) {
  if (config.intra_op_threads == 0) {
    const auto cores = static_cast<int>(std::thread::hardware_concurrency());
    config.intra_op_threads = ThreadsBeside(members, cores);
  }
  return config;
}

std::vector<tf::Operation> LocalUpdates(const ModelBuilder& model) {
  std::vector<tf::Operation> local;
  for (const tf::Operation update : model.updates()) {
    if (!model.NeedsReplicaMeans(update)) local.push_back(update);
  }
  return local;
}

}  // namespace

AllReduce::AllReduce(const StrategyContext& context)
    : context_(context),
      members_(MembershipOf(context.config.task)),
      config_(WithThreads(context.config, members_)),
      sessions_(config_, context.model, nullptr, context.checkpoints, context.watchdog,
                context.reporter, ""),
      variables_(&context.model),
      local_updates_(LocalUpdates(context.model.model())),
      buffer_(ShapesOf(context.model.model())),
      interrupter_(StopRequested, kPatienceWhenStopped) {
  sessions_.SetWarmStart(context.warm_start_op);
  const ModelBuilder& model = context.model.model();
  if (model.replica_means().empty()) {
    context.model.mutable_graph()->Fail(UnimplementedError(
        "cannot train with {} workers and no parameter server: the model's train_op does not come "
        "from Minimize, and nothing would keep the workers' variables the same",
        members_.names.size()));
  }
  for (const ModelBuilder::ReplicaMean& each : model.replica_means()) {
    locals_.push_back(each.local);
  }
  locals_.push_back(context.model.spec().loss);
}

Status AllReduce::Exchange() {
  const auto guard = interrupter_.Guard(group_.get());
  RETURN_IF_ERROR(group_->AllReduceMean(buffer_.all()));
  if (buffer_.First(locals_.size()) > 0) has_agreed_ = job_ending_ = true;
  return OkStatus();
}

bool AllReduce::NeedsMeans(const tf::Output& fetch) {
  const auto known = needs_means_.find(fetch.op);
  if (known != needs_means_.end()) return known->second;
  return needs_means_[fetch.op] = context_.model.model().NeedsReplicaMeans(fetch.op);
}

Result<std::optional<std::vector<tf::Tensor>>> AllReduce::RunStep(tf::Session* session,
                                                                  StepRun run) {
  const ModelGraph& model = context_.model;
  run.feeds.insert(run.feeds.end(), run.request.feeds.begin(), run.request.feeds.end());
  run.fetches.insert(run.fetches.end(), run.request.fetches.begin(), run.request.fetches.end());

  std::vector<tf::Output> first = locals_;
  std::vector<tf::Output> second;
  for (const tf::Output& fetch : run.fetches) {
    (NeedsMeans(fetch) ? second : first).push_back(fetch);
  }
  std::vector<tf::Tensor> locals;
  {
    const auto guard = context_.watchdog->Guard(config_.step_timeout, "computing the gradients");
    if (run.request.trace) {
      ASSIGN_OR_RETURN(locals,
                       session->RunTraced(run.feeds, first, local_updates_, run.run_metadata));
    } else {
      ASSIGN_OR_RETURN(locals, session->Run(run.feeds, first, local_updates_));
    }
  }
  buffer_.Begin(/*clear=*/false);
  for (size_t i = 0; i < locals_.size(); ++i)
    buffer_.Put(i, std::as_const(locals[i]).data<float>());
  buffer_.Put(locals_.size(), std::array{0.0f});
  const Status exchanged = Exchange();
  if (!exchanged.ok() && StopRequested()) {
    // The variables are those after the last step, and can be saved.
    LogInfo("Asked to stop; the step in progress is not made: {}.", exchanged.message());
    return std::optional<std::vector<tf::Tensor>>();
  }
  RETURN_IF_ERROR(exchanged);
  if (job_ending_) return std::optional<std::vector<tf::Tensor>>();

  std::vector<tf::Tensor> means;
  const auto& replica_means = model.model().replica_means();
  means.reserve(replica_means.size());
  for (size_t i = 0; i < replica_means.size(); ++i) {
    means.push_back(buffer_.Mean(i));
    run.feeds.push_back({replica_means[i].mean, &means.back()});
  }
  const auto guard = context_.watchdog->Guard(config_.step_timeout, "applying the gradients");
  ASSIGN_OR_RETURN(std::vector<tf::Tensor> updated,
                   session->Run(run.feeds, second, {&model.spec().train_op, 1}));

  std::vector<tf::Tensor> values;
  values.reserve(run.fetches.size());
  auto from_first = locals.begin() + static_cast<std::ptrdiff_t>(locals_.size());
  auto from_second = updated.begin();
  for (const tf::Output& fetch : run.fetches) {
    values.push_back(std::move(NeedsMeans(fetch) ? *from_second++ : *from_first++));
    // Reported is the job's loss, by itself and as a summary.
    if (fetch == model.spec().loss) {
      values.back() = tf::Tensor::Scalar(buffer_.First(replica_means.size()));
    }
  }
  return std::optional(std::move(values));
}

Status AllReduce::EndSteps(tf::Session* /*session*/) {
  if (has_agreed_ || StopRequested()) return OkStatus();
  // The others are at their next step, or here as well.
  buffer_.Begin(/*clear=*/true);
  buffer_.Put(locals_.size(), std::array{1.0f});
  const Status exchanged = Exchange();
  return StopRequested() ? OkStatus() : exchanged;
}

Status AllReduce::Leave(tf::Session* /*session*/) {
  if (StopRequested()) {
    group_.reset();
    return OkStatus();
  }
  char saved = 1;
  context_.reporter->Report(
      {.phase = "waiting",
       .message = members_.rank == 0 ? "waiting for the other workers to end"
                                     : fmt::format("waiting for {} to save", members_.names[0])});
  const auto guard = interrupter_.Guard(group_.get());
  const Status status = group_->Broadcast({&saved, 1}, 0);
  // Whoever is lost from here on has nothing left to do.
  if (members_.rank == 0 || status.ok() || StopRequested()) {
    if (status.ok()) (void)group_->Barrier();
    return OkStatus();
  }
  return status;
}

}  // namespace trainyard::train
