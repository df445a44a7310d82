// A TFJob as the informer keeps it, and as one pass works with it.
//
// Plain values and pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/status.h"
#include "job/status.h"
#include "kube/object.h"
#include "spec/tfjob.h"

namespace trainyard::operators {

// The text of a TFJob that a pass works from. It is let go when the job has ended and nothing is
// left to do: ten thousand of those may lie around. Thread-safe.
class JobText {
 public:
  explicit JobText(std::string text) : text_(std::move(text)) {}
  std::string Get() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }
  void LetGo() {
    const std::lock_guard lock(mutex_);
    std::string().swap(text_);
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

// What is kept of every TFJob of the cluster.
struct JobObject {
  std::string name;
  std::string name_space;
  std::string uid;
  uint64_t version = 0;    // metadata.resourceVersion
  int64_t generation = 0;  // of the spec
  bool is_being_deleted = false;
  std::optional<job::ConditionType> state;  // the last condition that is true
  bool removes_pods = false;                // cleanPodPolicy All
  bool expires = false;                     // has a ttlSecondsAfterFinished
  bool counts_active = false;               // its status says that replicas are active
  // The object without what nobody reads, as JSON. Null, or empty, for one that ended long ago:
  // then it is read from the API server in the rare case that it is wanted.
  std::shared_ptr<JobText> text;

  bool is_finished() const {
    return state == job::ConditionType::kSucceeded || state == job::ConditionType::kFailed;
  }
  std::string key() const { return name_space + "/" + name; }
};

// `now` tells what has ended long ago.
JobObject ToJobObject(const kube::Json& object, job::TimePoint now);

// One TFJob, read: the object itself (templates are copied from it into pods), what it means, and
// how far it has come.
struct LoadedJob {
  kube::Json object;
  spec::TFJob job;  // as far as it could be read
  job::JobStatus status;
  Status problem;  // not OK: the spec is invalid; the message names the field
};

LoadedJob LoadJob(kube::Json object);

// The template of a replica type in the object's spec, whatever way the API version writes it; null
// if there is none. Borrowed from `object`.
const kube::Json* FindTemplate(const kube::Json& object, spec::ReplicaType type);

}  // namespace trainyard::operators
