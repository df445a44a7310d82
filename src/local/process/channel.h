// Whole messages over a stream socket between a runner and its guardian process.
//
// A message is a length (4 bytes, little-endian) and that many bytes in protobuf's wire format
// (base/wire.h). Owned by one side each; thread-compatible.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "local/launch/launch_options.h"
#include "spec/pod.h"

namespace trainyard::local {

// What the two sides tell each other. To the guardian: kSpawn, kStop, kKill, kFinish. From it:
// kStarted, kStartFailed, kEnded, kFinished.
struct Message {
  enum class Kind {
    kSpawn = 1,    // program, argv, env, directory, log_path, logs, limits; text: said in the log
    kStop,         // TERM to the process group, KILL after `number` milliseconds
    kKill,         // KILL at once
    kFinish,       // end whatever is left, answer kFinished, exit
    kStarted,      // number: process id
    kStartFailed,  // number: errno; text: what could not be done
    kEnded,        // number: status as of waitpid; out_of_memory
    kFinished,
  };
  Kind kind = Kind::kFinish;
  uint64_t id = 0;  // of the instance, chosen by the runner
  std::string program{};
  std::vector<std::string> argv{};
  std::vector<std::string> env{};
  std::string directory{};
  std::string log_path{};
  LogLimits logs{.max_bytes = 0, .max_files = 0};
  spec::ResourceLimits limits{};  // what of them is to be enforced
  int64_t number = 0;
  std::string text{};
  bool out_of_memory = false;  // a process of the instance was killed for its memory limit

  friend bool operator==(const Message&, const Message&) = default;
};

class Channel {
 public:
  // Owns the socket.
  explicit Channel(int fd) : fd_(fd) {}
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  int fd() const { return fd_; }
  // The other side has gone; set by Receive().
  bool at_end() const { return at_end_; }

  // Blocks while the socket is full. Unavailable if the other side has gone.
  Status Send(const Message& message);

  // Every message that has arrived whole; does not block.
  std::vector<Message> Receive();

 private:
  int fd_;
  bool at_end_ = false;
  std::string unread_{};
};

}  // namespace trainyard::local
