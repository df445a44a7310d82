// One replica of a local run: its current process and what has been heard of it.
//
// Owned by the runner, used from its thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "job/replica.h"
#include "job/status.h"
#include "local/launch/launch.h"
#include "local/logs/line_reader.h"
#include "local/process/channel.h"
#include "local/state/job_view.h"

namespace trainyard::local {

class ReplicaProcess {
 public:
  struct Options {
    std::string log_path{};
    std::string progress_path{};
    std::chrono::seconds grace{30};
    LogLimits logs{};
    bool wants_every_line = false;  // the replica rather waits than that a line is not read here
  };

  ReplicaProcess(job::ReplicaId id, Launch launch, Options options);
  // Removes what may not outlive the job: secrets' files, logs that are too many.
  ~ReplicaProcess();
  ReplicaProcess(const ReplicaProcess&) = delete;
  ReplicaProcess& operator=(const ReplicaProcess&) = delete;

  const job::ReplicaId& id() const { return id_; }
  // What Plan() may know; nullopt before the first start.
  const std::optional<job::ReplicaView>& view() const { return view_; }
  bool is_active() const { return view_ && view_->is_active(); }
  // Whether the current or last process was told to end.
  bool was_stopped() const { return is_stopping_; }
  const std::string& log_path() const { return options_.log_path; }
  bool has_limits() const { return launch_.limits != spec::ResourceLimits{}; }

  // Prepares the volumes and gives the order to the guardian to start this instance; a line in the
  // log says so. Nullopt if they cannot be prepared: then the start has failed.
  std::optional<Message> Start(int instance, uint64_t message_id, const std::string& mark);
  // The order to end the current process with its grace period; nullopt if that has been said.
  std::optional<Message> Stop();
  Message Kill() const { return {.kind = Message::Kind::kKill, .id = message_id_}; }

  // Whether the guardian's message concerns the current process; if so, takes it over.
  bool Hear(const Message& message, job::TimePoint now);

  // Reads what was written since; it goes to `observer` unless that is null. True if there may be
  // more right now.
  bool ReadOutput(RunObserver* observer);

  ReplicaInfo Describe(const job::ReplicaRecord& record, bool job_has_ended) const;

 private:
  void TakeLines(std::string_view lines, RunObserver* observer);
  void ParseOutput();

  const job::ReplicaId id_;
  const Launch launch_;
  const Options options_;

  std::optional<job::ReplicaView> view_;
  uint64_t message_id_ = 0;
  pid_t pid_ = 0;
  bool is_stopping_ = false;
  bool has_progress_file_ = false;
  bool has_ended_ = false;
  int last_exit_code_ = 0;
  Progress progress_;
  std::string last_line_;
  std::string unparsed_;  // output that was read but not yet looked at
  LineReader log_;
  LineReader progress_file_;
};

// The last lines of a file that say something, oldest first; empty if it cannot be read.
std::vector<std::string> LastLines(const std::string& path, size_t count);

}  // namespace trainyard::local
