// How long the decision about a job takes: Plan() for a job with that many replicas in all (one
// chief, a tenth parameter servers, the rest workers), the copying of its status included.
//
//   build/release/bench/plan_benchmark
#include <benchmark/benchmark.h>

#include "job/plan.h"

namespace {

using trainyard::job::Action;
using trainyard::job::JobStatus;
using trainyard::job::Phase;
using trainyard::job::Plan;
using trainyard::job::PlanResult;
using trainyard::job::ReplicaId;
using trainyard::job::ReplicaView;
using trainyard::job::TimePoint;
using trainyard::spec::ReplicaType;
using trainyard::spec::TFJob;

const TimePoint kNow = TimePoint(std::chrono::seconds(1'700'000'000));

TFJob Job(int replicas) {
  TFJob job;
  job.name = "mnist";
  const int servers = replicas / 10;
  job.replicas[ReplicaType::kPs].replicas = servers;
  job.replicas[ReplicaType::kChief].replicas = 1;
  job.replicas[ReplicaType::kWorker].replicas = replicas - servers - 1;
  job.run_policy.clean_pod_policy = trainyard::spec::CleanPodPolicy::kAll;
  job.run_policy.active_deadline_seconds = 3600;
  return job;
}

struct RunningJob {
  TFJob job;
  JobStatus status;
  std::vector<ReplicaView> replicas;
};

RunningJob Run(int replicas) {
  RunningJob running{.job = Job(replicas), .status = {}, .replicas = {}};
  const PlanResult first = Plan(running.job, {}, {}, kNow);
  for (const Action& action : first.actions) {
    ReplicaView view{.id = action.id, .instance = action.instance};
    view.phase = Phase::kRunning;
    view.started_at = kNow;
    running.replicas.push_back(view);
  }
  running.status = Plan(running.job, first.status, running.replicas, kNow).status;
  return running;
}

// Nothing is there yet, everything is to be started.
void BM_FirstPlan(benchmark::State& state) {
  const TFJob job = Job(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(Plan(job, {}, {}, kNow));
}

// Everything runs, nothing is to be done.
void BM_SteadyState(benchmark::State& state) {
  const RunningJob running = Run(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(Plan(running.job, running.status, running.replicas, kNow));
  }
}

// As a cluster's cache may hand them over: in no order.
void BM_SteadyStateShuffled(benchmark::State& state) {
  RunningJob running = Run(static_cast<int>(state.range(0)));
  for (size_t i = 1; i < running.replicas.size(); ++i) {
    std::swap(running.replicas[i], running.replicas[i * 7919 % (i + 1)]);
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(Plan(running.job, running.status, running.replicas, kNow));
  }
}

// The chief has succeeded and every worker has ended: all is judged, told and removed.
void BM_End(benchmark::State& state) {
  RunningJob running = Run(static_cast<int>(state.range(0)));
  for (ReplicaView& view : running.replicas) {
    if (view.id.type == ReplicaType::kPs) continue;
    view.phase = Phase::kSucceeded;
    view.ended_at = kNow;
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(Plan(running.job, running.status, running.replicas, kNow));
  }
}

BENCHMARK(BM_FirstPlan)->Arg(4)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_SteadyState)->Arg(4)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_SteadyStateShuffled)->Arg(1000)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_End)->Arg(4)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
