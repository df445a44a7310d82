// Follows --model_config_file: reads it, and applies it again when its bytes have changed.
//
// A file that cannot be read or is not right leaves what is served as it is, and is logged once.
//
// Owned by the server, beside the catalogue it applies to. Thread-safe.
//
//   ConfigFile file({.path = "/models/models.config", .poll_interval = std::chrono::seconds(60)},
//                   [&](const auto& models) { catalogue.Apply(models); });
//   file.Start(first_bytes);
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "serving/versions/model_settings.h"

namespace trainyard::serving {

// A configuration and the bytes that it was read from.
struct ReadConfig {
  std::vector<ModelSettings> models;
  std::string bytes;
};

// NotFound and the like if it cannot be read, InvalidArgument if it is no configuration: one line.
Result<ReadConfig> ReadConfigFile(const std::string& path);

class ConfigFile {
 public:
  struct Options {
    std::string path;
    std::chrono::milliseconds poll_interval{0};  // 0: only when ReadAgain() is called
  };
  using Apply = std::function<void(const std::vector<ModelSettings>&)>;

  ConfigFile(Options options, Apply apply);

  // Follows the file in a thread of its own. `applied`: the bytes that are in force already.
  void Start(std::string applied);

  // Reads the file now, in that thread.
  void ReadAgain();

  // Reads once, in the caller's thread (that of Start(), or a test's): whether there was something
  // new to apply, or why it was not.
  Result<bool> Read();

 private:
  void Run(const std::stop_token& stop);

  const Options options_;
  const Apply apply_;

  std::string applied_;  // used by one thread only

  std::mutex mutex_;
  std::condition_variable_any wake_;
  bool is_asked_ = false;  // guarded by mutex_

  std::jthread follower_;  // last: stops before anything above goes
};

}  // namespace trainyard::serving
