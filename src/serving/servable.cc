#include "serving/servable.h"

#include <chrono>
#include <utility>

#include "base/files.h"
#include "serving/meta_graph.h"
#include "serving/session_run.h"
#include "serving/tensor_proto.h"

namespace trainyard::serving {
namespace {

std::map<std::string, tf::Output> Bind(
    const tf::Graph& graph,
    const ::google::protobuf::Map<std::string, ::tensorflow::TensorInfo>& infos) {
  std::map<std::string, tf::Output> outputs;
  for (const auto& [alias, info] : infos) outputs[alias] = graph.FindOutput(info.name());
  return outputs;
}

constexpr std::chrono::milliseconds kQuickRun{2};

Status CheckVariables(const tf::SavedModel& model, const std::string& directory) {
  const std::string index = JoinPath(directory, "variables/variables.index");
  if (PathExists(index) || !HasVariables(model.meta_graph)) return OkStatus();
  return FailedPreconditionError("the graph has variables, but {} is missing", index);
}

}  // namespace

Result<std::unique_ptr<const Servable>> Servable::Load(ServableId id, const std::string& directory,
                                                       const tf::SessionConfig& config,
                                                       const std::vector<std::string>& tags,
                                                       const MakeBatcher& make_batcher) {
  std::unique_ptr<Servable> servable(new Servable());
  servable->id_ = std::move(id);
  ASSIGN_OR_RETURN(servable->model_, tf::LoadSavedModel(directory, tags, config));
  RETURN_IF_ERROR(CheckVariables(servable->model_, directory));
  if (make_batcher) {
    ASSIGN_OR_RETURN(servable->batcher_, make_batcher(servable->model_.session.get(), directory));
  }
  ASSIGN_OR_RETURN(servable->definitions_, ReadSignatures(servable->model_.meta_graph));
  RETURN_IF_ERROR(servable->BindSignatures());
  // So that a request's deadline can end a loop that takes too long, or never ends.
  servable->model_.session->set_interruptible(HasLoops(servable->model_.meta_graph));
  servable->model_.meta_graph = std::string();  // as large as the model's constants
  return servable;
}

Status Servable::BindSignatures() {
  std::vector<std::string> names;
  for (const auto& [name, definition] : definitions_.signature_def()) {
    names.push_back(name);
    BoundSignature& bound = signatures_[name];
    bound.definition = &definition;
    bound.inputs = Bind(*model_.graph, definition.inputs());
    bound.outputs = Bind(*model_.graph, definition.outputs());
    for (const auto& [alias, value] : definition.defaults()) {
      Result<tf::Tensor> tensor = DecodeTensor(value);
      if (!tensor.ok()) {
        return tensor.status().WithContext(
            fmt::format("the default of input \"{}\" of signature \"{}\"", alias, name));
      }
      bound.defaults[alias] = std::move(tensor).value();
    }
  }
  stats_ = std::make_shared<ServableStats>(names);
  return OkStatus();
}

bool Servable::has_short_runs() const {
  const std::chrono::nanoseconds typical = stats_->typical_run();
  return typical.count() > 0 && typical < kQuickRun;
}

void Servable::CountRun(RunLimits::TimePoint start, std::chrono::nanoseconds* running) const {
  const auto took = std::chrono::steady_clock::now() - start;
  stats_->CountRun(took);
  if (running != nullptr) *running += took;
}

RunOutputs Servable::Run(std::span<const tf::Feed> feeds, std::span<const tf::Output> fetches,
                         const RunLimits& limits) const {
  const auto start = std::chrono::steady_clock::now();
  RETURN_IF_ERROR(limits.Check(start));
  RunOutputs outputs = batcher_ != nullptr ? batcher_->Run(feeds, fetches, limits)
                                           : RunWithin(*model_.session, feeds, fetches, limits);
  CountRun(start, limits.running);
  return outputs;
}

void Servable::RunThen(std::span<const tf::Feed> feeds, std::span<const tf::Output> fetches,
                       const RunLimits& limits, RunDone done) const {
  if (batcher_ == nullptr) return done(Run(feeds, fetches, limits));
  const auto start = std::chrono::steady_clock::now();
  if (const Status over = limits.Check(start); !over.ok()) return done(over);
  batcher_->RunThen(
      feeds, fetches, limits, has_short_runs() ? InCaller::kIfIdle : InCaller::kNever,
      [this, start, running = limits.running, done = std::move(done)](RunOutputs outputs) {
        CountRun(start, running);
        done(std::move(outputs));
      });
}

const BoundSignature* Servable::FindSignature(const std::string& name) const {
  const auto found = signatures_.find(name.empty() ? kDefaultSignature : name);
  return found == signatures_.end() ? nullptr : &found->second;
}

}  // namespace trainyard::serving
