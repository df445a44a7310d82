// Keeps the record of a job up to date while it runs: writes what has changed, and no more often
// than a disk likes.
//
// Owned by a JobRun; thread-compatible. A disk that cannot be written does not end the job: the
// first failure is given to `complain`, later ones are not.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "job/event.h"
#include "local/state/job_record.h"
#include "local/state/job_view.h"
#include "local/state/store.h"

namespace trainyard::local {

class JobRecorder {
 public:
  JobRecorder(std::string workdir, JobRecord record, std::function<void(std::string_view)> complain)
      : store_(std::move(workdir)), record_(std::move(record)), complain_(std::move(complain)) {}

  const JobStore& store() const { return store_; }
  const JobRecord& record() const { return record_; }

  // Takes over what the view shows. A change of the status is written at once, so that it survives
  // the machine; a change of a replica at once, so that it survives this process; progress, and
  // that we are alive, every now and then.
  void Update(const JobView& view, job::TimePoint now);

  // The record in another stage, written at once.
  void SetStage(Stage stage, std::string stop_reason, job::TimePoint now);

  void AddEvents(std::span<const job::Event> events, job::TimePoint now);
  void AddEvent(const HistoryEvent& event);

 private:
  void Write(JobStore::Durability durability, job::TimePoint now);
  void Check(const Status& status);

  JobStore store_;
  JobRecord record_;
  std::function<void(std::string_view)> complain_;
  bool has_complained_ = false;
};

}  // namespace trainyard::local
