// What a test's own process prints, readable while it goes on printing.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "base/files.h"

namespace trainyard::cli::testing {

// While it lives, a standard stream (STDOUT_FILENO, STDERR_FILENO) goes to a file; shown in the end
// if the test has failed, whose own words are in it, too.
class Captured {
 public:
  explicit Captured(int fd) : fd_(fd), before_(dup(fd)) {
    std::string path = ::testing::TempDir() + "/captured-XXXXXX";
    const int file = mkstemp(path.data());
    EXPECT_NE(file, -1);
    path_ = path;
    Flush();
    dup2(file, fd_);
    close(file);
  }
  ~Captured() {
    Flush();
    dup2(before_, fd_);
    close(before_);
    if (::testing::Test::HasFailure()) std::fputs(text().c_str(), stdout);
    unlink(path_.c_str());
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  std::string text() const { return ReadFile(path_).value_or(std::string()); }

  // False if the text does not appear in time.
  bool WaitFor(const std::string& what) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (text().find(what) == std::string::npos) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }

 private:
  static void Flush() {
    std::fflush(stdout);
    std::fflush(stderr);
  }

  const int fd_;
  const int before_;
  std::string path_;
};

}  // namespace trainyard::cli::testing
