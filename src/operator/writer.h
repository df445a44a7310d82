// Carries out the steps of one pass: requests to the API server, several at a time, and what their
// answers mean for the cache, for events and for metrics.
//
// Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "kube/api.h"
#include "kube/event_recorder.h"
#include "operator/build.h"
#include "operator/cache.h"
#include "operator/metrics.h"
#include "operator/steps.h"

namespace trainyard::operators {

// Nothing can be created in the job's namespace any more: it is being deleted, and the job with it.
// Not told as an event, which would be refused as well.
bool IsOfEndingNamespace(const Status& status);

struct WriterOptions {
  BuildOptions build{};
  // Requests of one job at the same time: many, but not so many that a huge job starves others.
  int max_in_flight = 16;
};

class Writer {
 public:
  // All borrowed.
  Writer(kube::Api* api, Cache* cache, kube::EventRecorder* events, Metrics* metrics,
         WriterOptions options);

  // The request that writes this status, guarded by the version that the pass has worked from.
  // `patch` is what differs.
  static kube::ApiRequest StatusRequest(const LoadedJob& loaded, kube::Json patch);

  // Aborted if the job has changed meanwhile, NotFound if it is gone.
  Status WriteStatus(const LoadedJob& loaded, const kube::Json& patch);

  // Everything, also after failures; the first one comes back. First instances are created together
  // with the status (`patch` null: none to be written); otherwise the status must have been written
  // before.
  Status Apply(const LoadedJob& loaded, const Steps& steps, const kube::Json* patch);

  // Makes sure that the job's PodGroup is there. True: pods may be created now.
  Result<bool> AdmitGang(const LoadedJob& loaded);
  // The job has ended, or is suspended.
  Status DropGang(const LoadedJob& loaded);

  // The job itself, when its time is over.
  Status DeleteJob(const LoadedJob& loaded);

  // A pod that was deleted and whose node does not answer any more, at once. False: the node
  // answers, so the pod's end is near.
  Result<bool> ForceDelete(const LoadedJob& loaded, const PodView& pod);

  void Record(const LoadedJob& loaded, bool is_warning, std::string reason, std::string note);

 private:
  struct Batch;  // requests, and what to do with each answer

  void AddCreates(const LoadedJob& loaded, const Steps& steps, Batch* batch);
  void AddEnds(const LoadedJob& loaded, const Steps& steps, Batch* batch);
  Status Send(Batch* batch);
  Status OnCreated(const LoadedJob& loaded, bool is_pod, const std::string& name, bool is_told,
                   const Result<std::string>& answer);
  // The object of that name is there already: ours, or somebody else's.
  Status Explain(const LoadedJob& loaded, bool is_pod, const std::string& name);

  kube::Api* const api_;
  Cache* const cache_;
  kube::EventRecorder* const events_;
  Metrics* const metrics_;
  const WriterOptions options_;
};

}  // namespace trainyard::operators
