#include "serving/models/config_file.h"

#include <utility>

#include "base/files.h"
#include "base/log.h"
#include "serving/models/model_config.h"

namespace trainyard::serving {

Result<ReadConfig> ReadConfigFile(const std::string& path) {
  ReadConfig config;
  ASSIGN_OR_RETURN(config.bytes, ReadFile(path));
  ASSIGN_OR_RETURN(config.models, ParseModelConfig(config.bytes, path));
  return config;
}

ConfigFile::ConfigFile(Options options, Apply apply)
    : options_(std::move(options)), apply_(std::move(apply)) {}

void ConfigFile::Start(std::string applied) {
  applied_ = std::move(applied);
  follower_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void ConfigFile::ReadAgain() {
  const std::lock_guard<std::mutex> lock(mutex_);
  is_asked_ = true;
  wake_.notify_all();
}

void ConfigFile::Run(const std::stop_token& stop) {
  constexpr std::chrono::hours kNever{24};
  const std::chrono::milliseconds interval = options_.poll_interval.count() > 0
                                                 ? options_.poll_interval
                                                 : std::chrono::milliseconds(kNever);
  std::string said;
  while (!stop.stop_requested()) {
    std::unique_lock<std::mutex> lock(mutex_);
    const bool is_asked = wake_.wait_for(lock, stop, interval, [&] { return is_asked_; });
    if (stop.stop_requested()) return;
    is_asked_ = false;
    lock.unlock();
    const Result<bool> changed = Read();
    if (!changed.ok() && (is_asked || said != changed.error().message())) {
      LogWarning("the models stay as they are: {}", changed.error().message());
    }
    said = changed.ok() ? "" : changed.error().message();
    if (changed.ok() && *changed) LogInfo("applied {}", options_.path);
  }
}

Result<bool> ConfigFile::Read() {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(options_.path));
  if (bytes == applied_) return false;
  ASSIGN_OR_RETURN(const std::vector<ModelSettings> models, ParseModelConfig(bytes, options_.path));
  apply_(models);
  applied_ = bytes;
  return true;
}

}  // namespace trainyard::serving
