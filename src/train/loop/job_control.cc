#include "train/loop/job_control.h"

#include "tf/ops.h"

namespace trainyard::train {
namespace {

constexpr tf::DataType kInt32 = tf::DataType::kInt32;

tf::Scope OnServer(tf::Graph* graph, int task) {
  return tf::Scope(graph).OnDevice(fmt::format("/job:ps/task:{}", task)).Inside("trainyard");
}

tf::Output Handle(const tf::Scope& scope, const std::string& name, const tf::Shape& shape) {
  return scope.Op("VarHandleOp", name)
      .Type("dtype", kInt32)
      .ShapeOf("shape", shape)
      .String("shared_name", scope.FullName(name))
      .Out();
}

tf::Output Read(const tf::Scope& scope, const tf::Output& handle) {
  return scope.Op("ReadVariableOp").In(handle).Type("dtype", kInt32).Out();
}

tf::Output IsInitialized(const tf::Scope& scope, const tf::Output& handle) {
  return scope.Op("VarIsInitializedOp").In(handle).Out();
}

tf::Operation Assign(const tf::Scope& scope, const tf::Output& handle, const tf::Output& value) {
  return scope.Op("AssignVariableOp").In(handle).In(value).Type("dtype", kInt32).Finish();
}

}  // namespace

JobControl::JobControl(tf::Graph* graph, int num_ps_tasks, int num_workers) {
  const tf::Scope first = OnServer(graph, 0);
  phase_value_ = tf::Placeholder(first, kInt32, {}, "phase_value");
  for (int task = 0; task < num_ps_tasks; ++task) {
    const tf::Scope here = OnServer(graph, task);
    const tf::Output handle = Handle(here, fmt::format("phase_{}", task), {});
    set_phase_.push_back(Assign(here, handle, phase_value_));
    if (task == 0) phase_ = Read(here, handle);
  }
  const tf::Output workers = Handle(first, "workers", {num_workers});
  presence_initialized_ = IsInitialized(first, workers);
  clear_presence_ = Assign(first, workers,
                           tf::Const(first, tf::Tensor::FromVector(std::vector<int32_t>(
                                                static_cast<size_t>(num_workers), 0))));
  worker_ = tf::Placeholder(first, kInt32, {}, "worker");
  presence_value_ = tf::Placeholder(first, kInt32, {}, "presence_value");
  set_presence_ = first.Op("ResourceScatterUpdate")
                      .In(workers)
                      .In(worker_)
                      .In(presence_value_)
                      .Type("dtype", kInt32)
                      .Finish();
  presences_ = Read(first, workers);
}

Status JobControl::Begin(tf::Session* session) const {
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> values,
                   session->Run({}, {presence_initialized_}, {}));
  if (!values[0].scalar<bool>()) RETURN_IF_ERROR(session->Run(clear_presence_));
  return SetPhase(session, JobPhase::kRunning);
}

Status JobControl::SetPhase(tf::Session* session, JobPhase phase) const {
  const tf::Tensor value = tf::Tensor::Scalar(static_cast<int32_t>(phase));
  return session->Run(std::vector<tf::Feed>{{phase_value_, &value}}, {}, set_phase_).status();
}

Status JobControl::SetPresence(tf::Session* session, int worker, WorkerPresence presence) const {
  const tf::Tensor index = tf::Tensor::Scalar(static_cast<int32_t>(worker));
  const tf::Tensor value = tf::Tensor::Scalar(static_cast<int32_t>(presence));
  return session->Run({{worker_, &index}, {presence_value_, &value}}, {}, {set_presence_}).status();
}

Result<std::vector<int>> JobControl::TrainingWorkers(tf::Session* session) const {
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> values, session->Run({}, {presences_}, {}));
  std::vector<int> training;
  const auto presences = values[0].data<int32_t>();
  for (size_t i = 0; i < presences.size(); ++i) {
    if (presences[i] == static_cast<int32_t>(WorkerPresence::kTraining)) {
      training.push_back(static_cast<int>(i));
    }
  }
  return training;
}

Result<std::unique_ptr<PhaseReader>> PhaseReader::Create(int task, const std::string& target) {
  std::unique_ptr<PhaseReader> reader(new PhaseReader());
  const tf::Scope scope = OnServer(&reader->graph_, task);
  const tf::Output handle = Handle(scope, fmt::format("phase_{}", task), {});
  reader->initialized_ = IsInitialized(scope, handle);
  reader->phase_ = Read(scope, handle);
  tf::SessionOptions options{.target = target, .config = {}};
  options.config.device_filters = {fmt::format("/job:ps/task:{}", task)};
  ASSIGN_OR_RETURN(reader->session_, tf::Session::Create(reader->graph_, options));
  return reader;
}

Result<JobPhase> PhaseReader::ReadPhase() {
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> initialized,
                   session_->Run({}, {initialized_}, {}));
  if (!initialized[0].scalar<bool>()) return JobPhase::kRunning;
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> values, session_->Run({}, {phase_}, {}));
  return static_cast<JobPhase>(values[0].scalar<int32_t>());
}

}  // namespace trainyard::train
