#include "serving/versions/source.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <set>

#include "base/files.h"

namespace trainyard::serving {
namespace {

constexpr std::string_view kDataPrefix = "variables.data-";

// The shard count N in "variables.data-00000-of-0000N", or 0.
int ShardCount(std::string_view name) {
  constexpr size_t kLength = 8;  // "00000-of" before the last dash
  if (!name.starts_with(kDataPrefix)) return 0;
  name.remove_prefix(kDataPrefix.size());
  if (name.size() != kLength + 6 || name.substr(5, 4) != "-of-") return 0;
  int count = 0;
  std::from_chars(name.data() + kLength + 1, name.data() + name.size(), count);
  return count;
}

// How long files must have been left alone to be taken for whole.
constexpr std::chrono::seconds kSettled{1};
// The coarsest clock of a file system that we reckon with (old NFS, FAT).
constexpr std::chrono::seconds kCoarsestClock{3};

using WallClock = std::chrono::system_clock;

WallClock::time_point ToTime(const timespec& time) {
  return WallClock::time_point(std::chrono::duration_cast<WallClock::duration>(
      std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec)));
}

// Names, sizes and times of files, and the latest of those times.
struct Fingerprint {
  std::string text{};
  WallClock::time_point changed{};

  void Add(const std::string& directory, const std::string& name) {
    struct stat info{};
    if (stat(JoinPath(directory, name).c_str(), &info) != 0) return;
    text += fmt::format("{}:{}:{}.{}:{};", name, info.st_size, info.st_mtim.tv_sec,
                        info.st_mtim.tv_nsec, info.st_ino);
    changed = std::max({changed, ToTime(info.st_mtim), ToTime(info.st_ctim)});
  }
  void AddAll(const std::string& directory, const std::vector<std::string>& names) {
    for (const std::string& name : names) Add(directory, name);
  }
};

std::vector<std::string> NamesIn(const std::string& directory) {
  return ListDirectory(directory).value_or(std::vector<std::string>());
}

bool Has(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::optional<int64_t> ParseVersion(std::string_view name) {
  int64_t version = 0;
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data(), end, version);
  if (error != std::errc() || rest != end) return std::nullopt;
  return version;
}

std::string MissingPart(const std::vector<std::string>& root,
                        const std::optional<std::vector<std::string>>& variables) {
  if (!Has(root, "saved_model.pb") && !Has(root, "saved_model.pbtxt")) return "saved_model.pb";
  if (!variables) return "";
  const std::set<std::string> names(variables->begin(), variables->end());
  if (!names.contains("variables.index")) return "variables/variables.index";
  int shards = 0;
  for (const std::string& name : names) shards = std::max(shards, ShardCount(name));
  if (shards == 0) return "variables/variables.data-00000-of-00001";
  for (int i = 0; i < shards; ++i) {
    const std::string shard = fmt::format("{}{:05}-of-{:05}", kDataPrefix, i, shards);
    if (!names.contains(shard)) return "variables/" + shard;
  }
  return "";
}

std::string RefusedFormat(const std::vector<std::string>& root) {
  if (Has(root, "saved_model.pb") || Has(root, "saved_model.pbtxt")) return "";
  if (Has(root, "export.meta")) {
    return "it is a SessionBundle (export.meta), the format from before SavedModel; export the "
           "model again as a SavedModel";
  }
  const auto lite = std::find_if(root.begin(), root.end(),
                                 [](const std::string& name) { return name.ends_with(".tflite"); });
  if (lite == root.end()) return "";
  return fmt::format(
      "it is a TFLite model ({}), which this server does not run; export a SavedModel", *lite);
}

Result<std::vector<VersionDirectory>> ListVersionDirectories(const std::string& base_path) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDirectory(base_path));
  std::map<int64_t, std::string> found;
  for (const std::string& name : names) {
    const std::optional<int64_t> version = ParseVersion(name);
    if (!version) continue;
    const std::string directory = JoinPath(base_path, name);
    if (IsDirectory(directory)) found[*version] = directory;
  }
  std::vector<VersionDirectory> versions;
  for (const auto& [version, directory] : found) versions.push_back({version, directory});
  return versions;
}

VersionSeen InspectVersion(int64_t version, const std::string& directory) {
  VersionSeen seen{.version = version, .directory = directory, .missing = "", .fingerprint = ""};
  const std::vector<std::string> root = NamesIn(directory);
  std::optional<std::vector<std::string>> variables;
  const std::string variables_dir = JoinPath(directory, "variables");
  if (Result<std::vector<std::string>> names = ListDirectory(variables_dir); names.ok()) {
    variables = std::move(names).value();
  }
  // What is refused is whole: no file that may still arrive would change it.
  if (RefusedFormat(root).empty()) seen.missing = MissingPart(root, variables);
  Fingerprint files{.text = directory + ";"};
  files.AddAll(directory, root);
  files.AddAll(variables_dir, variables.value_or(std::vector<std::string>()));
  bool has_assets = false;
  for (const char* folder : {"assets", "assets.extra"}) {
    const std::string path = JoinPath(directory, folder);
    const std::vector<std::string> names = NamesIn(path);
    files.AddAll(path, names);
    has_assets = has_assets || !names.empty();
  }
  seen.fingerprint = files.text;
  const auto age = WallClock::now() - files.changed;  // below 0 where the storage's clock is ahead
  seen.is_settled = !has_assets || age >= kSettled || age < -kSettled;
  return seen;
}

std::optional<std::string> DirectoryStamp(const std::string& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return std::nullopt;
  const auto age = WallClock::now() - ToTime(info.st_mtim);
  if (age < kCoarsestClock) return std::nullopt;
  return fmt::format("{}:{}:{}.{}", info.st_dev, info.st_ino, info.st_mtim.tv_sec,
                     info.st_mtim.tv_nsec);
}

}  // namespace trainyard::serving
