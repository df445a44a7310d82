// One pass over one TFJob: observe (cache.h), decide (job/Plan, steps.h), act (writer.h), and keep
// the status.
//
// Level-based: a pass acts on what is there, not on what woke it, and may be repeated at any time.
// The rules of TFJobs are not here but in job/, where the local runner finds them, too.
//
// The status is written before anything is ended or replaced, because an end that was not kept
// would be taken for an accident; together with the first pods of a job, which tell the same.
// Changed conditions are written at once, mere counts at most once a second.
//
// Thread-safe, but only one thread at a time may work on a job (kube::WorkQueue sees to that).
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/status.h"
#include "job/plan.h"
#include "operator/cache.h"
#include "operator/metrics.h"
#include "operator/writer.h"

namespace trainyard::operators {

struct ReconcilerOptions {
  job::PlanOptions plan{};
  // How long after the end of its grace a deleted pod may still be there before its node is looked
  // at and, if that does not answer, the pod is taken for ended. Zero: for ever.
  std::chrono::milliseconds lost_after{30'000};
  std::chrono::milliseconds count_delay{5'000};  // for status that is no news
  std::function<job::TimePoint()> now = [] { return std::chrono::system_clock::now(); };
};

class Reconciler {
 public:
  // All borrowed.
  Reconciler(kube::Api* api, Cache* cache, Writer* writer, Metrics* metrics,
             ReconcilerOptions options);

  // When to come again though nothing changes; nullopt: not. After a failure: soon.
  Result<std::optional<std::chrono::milliseconds>> Reconcile(const std::string& key);

  // The job is gone.
  void Forget(const std::string& key);

 private:
  struct Pass;  // one job in one pass

  Result<LoadedJob> Load(const JobObject& kept);
  Status Refuse(Pass* pass);
  Status Advance(Pass* pass);
  Status KeepStatus(Pass* pass, const kube::Json& patch);
  Status HoldBackForGang(Pass* pass);
  Status EndLostPods(Pass* pass);
  bool MayWait(const Pass& pass, const kube::Json& before, const kube::Json& after);
  void Tell(const Pass& pass);
  void NoteEndingNamespace(const Pass& pass);

  kube::Api* const api_;
  Cache* const cache_;
  Writer* const writer_;
  Metrics* const metrics_;
  const ReconcilerOptions options_;

  std::mutex mutex_;
  // Guarded by mutex_. Since when a job's status has something to be written that may wait.
  std::map<std::string, job::TimePoint> waiting_since_;
  // Guarded by mutex_. The generation of a job that has been told to be invalid.
  std::map<std::string, int64_t> refused_;
  // Guarded by mutex_. Jobs that could not be worked on because their namespace is being deleted.
  std::set<std::string> ending_;
};

}  // namespace trainyard::operators
