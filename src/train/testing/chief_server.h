// A TensorFlow server as a chief has it, in the test's own process.
#pragma once

#include <string>

#include "base/status.h"
#include "tf/server.h"
#include "train/run_config.h"

namespace trainyard::train::testing {

// On a free port of 127.0.0.1. A started server lives as long as the process.
class ChiefServer {
 public:
  ChiefServer() {
    const auto server = tf::Server::Start(
        {.cluster = {{"chief", {{0, "127.0.0.1:0"}}}}, .job = "chief", .task = 0, .config = {}});
    CHECK(server.ok());
    target_ = server->target();
  }

  // The chief's own session target.
  const std::string& target() const { return target_; }
  // As others know it. Not as the server knows itself: its calls go through a socket.
  std::string address() const { return "localhost" + target_.substr(target_.rfind(':')); }

  static RunConfig Chief(const std::string& model_dir, bool save_on_chief = true) {
    RunConfig config{.model_dir = model_dir, .save_on_chief = save_on_chief};
    config.task.type = spec::kChief;
    return config;
  }
  RunConfig Evaluator(const std::string& model_dir, bool save_on_chief = true) const {
    RunConfig config{.model_dir = model_dir, .save_on_chief = save_on_chief};
    config.task.type = spec::kEvaluator;
    config.task.chief_address = address();
    return config;
  }

 private:
  std::string target_;
};

}  // namespace trainyard::train::testing
