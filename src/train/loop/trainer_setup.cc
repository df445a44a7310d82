// What a trainer consists of: the graph, the strategy, the hooks, the data.
#include "base/files.h"
#include "base/log.h"
#include "train/checkpoints/graph_def_text.h"
#include "train/exports/saved_model_proto.h"
#include "train/hooks/nan_hook.h"
#include "train/hooks/progress_hook.h"
#include "train/hooks/summary_hook.h"
#include "train/loop/trainer.h"
#include "train/strategies/replica_sync.h"

namespace trainyard::train {
namespace {

// With parameter servers a worker saves nothing, but its graph has the same operations, and its
// session knows no chief. Otherwise variables are where the process is.
SaverPlace PlaceOfSaver(const RunConfig& config) {
  if (!config.save_on_chief || config.task.num_ps_replicas == 0) return {};
  return {.on_one_device = config.device()};
}

int NumReplicas(const RunConfig& config) {
  return config.uses_all_reduce() ? config.task.num_worker_replicas : 1;
}

// First values are the chief's, whose rank is 0; each replica drops other units.
std::optional<int64_t> SeedOf(const RunConfig& config) {
  if (!config.tf_random_seed.has_value()) return std::nullopt;
  return *config.tf_random_seed + config.task.trainer_rank.value_or(0);
}

// What another version of TensorFlow adds to graphs is no reason not to train.
Status WriteGraphText(const std::string& model_dir, const std::string& graph_def) {
  const Result<std::string> text = FormatGraphDef(graph_def);
  if (text.ok())
    return WriteFileAtomically(JoinPath(model_dir, "graph.pbtxt"), *text, /*sync=*/false);
  LogWarning("no graph.pbtxt: {}", text.status().message());
  return OkStatus();
}

std::optional<MinMaxVariablePartitioner> PartitionerOf(const RunConfig& config) {
  return config.uses_server() ? config.partitioner : std::nullopt;
}

}  // namespace

Status Trainer::SetUp(const ModelFn& model_fn, std::string target) {
  LogInfo("Calling model_fn.");
  ASSIGN_OR_RETURN(model_, ModelGraph::Build(model_fn, input_->spec(),
                                             {.mode = Mode::kTrain,
                                              .seed = SeedOf(config_),
                                              .num_ps_tasks = config_.task.num_ps_replicas,
                                              .compute_device = config_.device(),
                                              .num_replicas = NumReplicas(config_),
                                              .partitioner = PartitionerOf(config_),
                                              .synchronous = SynchronousReplicasOf(config_)},
                                             PlaceOfSaver(config_)));
  LogInfo("Done calling model_fn.");
  hooks_.Add(std::make_shared<NanHook>());
  hooks_.Add(std::make_shared<ProgressHook>(config_, options_.max_steps, reporter_));
  hooks_.Add(options_.hooks);
  hooks_.Add(model_->spec().training_hooks);
  if (config_.is_chief()) RETURN_IF_ERROR(SetUpChief());
  tf::Operation warm_start = nullptr;
  if (options_.warm_start.has_value() && config_.is_chief() && checkpoints_.NewestFirst().empty()) {
    ASSIGN_OR_RETURN(warm_start, AddWarmStart(model_->model(), *options_.warm_start));
  }
  strategy_ = MakeStrategy({.config = config_,
                            .model = *model_,
                            .checkpoints = &checkpoints_,
                            .watchdog = &watchdog_,
                            .reporter = reporter_,
                            .target = std::move(target),
                            .max_steps = options_.max_steps,
                            .warm_start_op = warm_start});
  RETURN_IF_ERROR(model_->graph().status());
  RETURN_IF_ERROR(hooks_.Begin({.graph = model_->mutable_graph(),
                                .config = &config_,
                                .events = events_.get(),
                                .global_step = model_->model().global_step().value}));
  plain_fetches_ = {model_->spec().loss, model_->step_after_update()};
  AddSummaryFetches();
  RETURN_IF_ERROR(model_->graph().status());
  ASSIGN_OR_RETURN(batches_, PositionedInput::Create(
                                 input_.get(), config_.needs_model_dir() ? config_.model_dir : "",
                                 config_.task));
  return OkStatus();
}

void Trainer::AddSummaryFetches() {
  const ModelBuilder& model = model_->model();
  summary_fetches_ = plain_fetches_;
  for (const auto& [tag, value] : model.scalar_summaries()) summary_fetches_.push_back(value);
  has_other_summaries_ = !model.summaries().empty();
  if (has_other_summaries_) {
    summary_fetches_.push_back(
        model.scope().Op("MergeSummary", "Merge/MergeSummary").InList(model.summaries()).Out());
  }
}

Status Trainer::SetUpChief() {
  RETURN_IF_ERROR(MakeDirectories(config_.model_dir));
  RETURN_IF_ERROR(CheckWritableDirectory(config_.model_dir));
  RETURN_IF_ERROR(checkpoints_.Load());
  ASSIGN_OR_RETURN(events_, records::EventWriter::Create(config_.model_dir));
  ASSIGN_OR_RETURN(const std::string graph_def, model_->graph().Serialize());
  RETURN_IF_ERROR(events_->AddGraph(graph_def));
  RETURN_IF_ERROR(WriteGraphText(config_.model_dir, graph_def));
  std::vector<std::string> tags;
  for (const auto& [tag, value] : model_->model().scalar_summaries()) tags.push_back(tag);
  const bool has_summaries = !tags.empty() || !model_->model().summaries().empty();
  hooks_.Add(std::make_shared<SummaryHook>(config_, std::move(tags), has_summaries, events_.get()));
  hooks_.Add(std::make_shared<CheckpointHook>(
      config_, model_->saver(), &checkpoints_, events_.get(), &watchdog_,
      [this](const std::string& prefix) { return SaveCompanions(prefix); }, options_.after_save));
  return OkStatus();
}

Status Trainer::SaveCompanions(const std::string& prefix) {
  RETURN_IF_ERROR(SaveInputPosition(prefix));
  if (!config_.checkpoint_save_graph_def) return OkStatus();
  // Hooks add to the graph when they begin; from the first checkpoint on it stays as it is.
  if (meta_graph_.empty()) {
    ASSIGN_OR_RETURN(meta_graph_, EncodeTrainingGraph(*model_));
  }
  return WriteFileAtomically(prefix + ".meta", meta_graph_, /*sync=*/false);
}

}  // namespace trainyard::train
