// Ctrl-C and its relatives as bytes in a pipe, for an event loop to read.
#pragma once

#include <csignal>
#include <memory>

#include "base/status.h"

namespace trainyard::cli {

// While it lives, SIGINT, SIGTERM and SIGHUP write a byte each instead of ending the process, and
// SIGPIPE is ignored; the destructor restores what was before. One at a time per process.
class Interrupts {
 public:
  static Result<std::unique_ptr<Interrupts>> Create();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // The reading end, owned by this object.
  int fd() const { return read_end_; }

 private:
  explicit Interrupts(int read_end) : read_end_(read_end) {}

  int read_end_;
  struct sigaction before_[4]{};
};

}  // namespace trainyard::cli
