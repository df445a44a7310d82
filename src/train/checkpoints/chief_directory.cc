#include "train/checkpoints/chief_directory.h"

#include "base/files.h"
#include "train/checkpoints/directory_probe.h"

namespace trainyard::train {

Result<std::string> ChiefCheckpoints::Read(const std::string& name) {
  RETURN_IF_ERROR(link_->SetFollower(FollowerState::kFollowing));
  return link_->ReadFile(JoinPath(model_dir_, name));
}

Result<std::vector<std::string>> ChiefCheckpoints::List(const std::string& checkpoint) {
  ASSIGN_OR_RETURN(std::vector<std::string> files,
                   link_->ListFiles(JoinPath(model_dir_, checkpoint) + "."));
  for (std::string& file : files) file = file.substr(file.rfind('/') + 1);
  return files;
}

Result<bool> IsSameDirectory(ChiefLink* link, const std::string& chief_dir,
                             const std::string& own_dir, std::chrono::milliseconds patience) {
  ASSIGN_OR_RETURN(const DirectoryProbe probe, DirectoryProbe::Write(own_dir, "evaluator"));
  const Status seen = probe.AwaitThere(
      patience, [&] { return link->ReadFile(JoinPath(chief_dir, probe.name())).status(); });
  if (seen.ok()) return true;
  if (seen.code() == StatusCode::kNotFound) return false;
  return seen;
}

}  // namespace trainyard::train
