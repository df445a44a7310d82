// Runs a program to its end and takes what it prints. Without a shell. Thread-safe: no state.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace trainyard::kube {

struct ChildProcess {
  std::string command{};  // looked for in PATH if it has no slash
  std::vector<std::string> args{};
  std::vector<std::pair<std::string, std::string>> env{};  // besides our own, which they override
  bool has_stdin = false;                                  // ours; otherwise /dev/null
  std::chrono::milliseconds deadline{60'000};
  size_t max_output_bytes = 1u << 20;
};

struct ChildOutput {
  int exit_code = 0;  // 128 + n for one that died of signal n
  std::string text{};
};

// Waits for its end; standard error is ours. NotFound if there is no such program, DeadlineExceeded
// and ResourceExhausted (too much output) after killing it with the processes that it started.
Result<ChildOutput> RunChild(const ChildProcess& child);

}  // namespace trainyard::kube
