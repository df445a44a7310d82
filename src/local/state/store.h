// The record of one local job on disk: WORKDIR/.trainyard (docs/contracts/workdir.md).
//
//   job.yaml       the text that was submitted
//   status.json    job_record.h; replaced in one step, so a reader always sees a whole one
//   events.jsonl   its history, a line for each event
//   stop           there while another process wishes that the job ends
//   lock           workdir.h
//
// Written by the process that runs the job; anybody may read at any time. Thread-compatible.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "local/state/job_record.h"

namespace trainyard::local {

class JobStore {
 public:
  // `workdir` is absolute. Nothing is made or read yet.
  explicit JobStore(std::string workdir) : workdir_(std::move(workdir)) {}

  const std::string& workdir() const { return workdir_; }

  // NotFound if there is no record; DataLoss if it is damaged.
  Result<JobRecord> Read() const;
  // kSurvivesPowerLoss waits for the disk, for what must not be lost with the machine.
  enum class Durability { kSurvivesKill, kSurvivesPowerLoss };
  Status Write(const JobRecord& record, Durability durability) const;

  // The job's text, below a heading of comments that names its file and overrides and ends with a
  // line "#".
  Result<std::string> ReadJobText() const;
  Status WriteJobText(std::string_view text, const Submission& submission) const;

  Status AppendEvents(std::span<const HistoryEvent> events) const;
  // The newest ones that fit 1 MiB, oldest first. Lines that are none are passed over.
  std::vector<HistoryEvent> ReadEvents() const;

  // Asks whoever runs the job to end it, as one Ctrl-C would.
  Status RequestStop() const;
  bool IsStopRequested() const;
  void WithdrawStopRequest() const;

  // Clears the way for a new record: the old one's history goes, and its logs move to
  // logs/previous, instead of those that were there.
  Status BeginAnew() const;

  // Removes record, logs and progress; results stay. The caller holds the lock.
  Status Remove() const;

 private:
  std::string Path(std::string_view name) const;

  std::string workdir_;
};

// The submitted text again, from a job.yaml with its heading. Pure.
std::string WithoutHeading(std::string_view job_yaml);

}  // namespace trainyard::local
