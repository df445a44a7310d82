#include "cli/job_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "spec/job_file.h"
#include "spec/validate.h"

namespace trainyard::cli {
namespace {

// What is looked at of the directory of a job file.
constexpr size_t kMaxNeighbours = 256;
constexpr off_t kMaxNeighbourBytes = 1 << 20;

constexpr spec::ValidateOptions kLocally{.require_image = false};

bool IsManifestName(const std::string& name) {
  return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
}

// Quietly: most of what lies there is none of our business.
void AddNeighbours(const std::string& file, spec::Objects* objects) {
  const std::string directory = std::filesystem::path(file).parent_path().string();
  const auto names = ListDirectory(directory);
  if (!names.ok()) return;
  size_t count = 0;
  for (const std::string& name : *names) {
    const std::string path = JoinPath(directory, name);
    if (!IsManifestName(name) || path == file) continue;
    struct stat info{};
    const bool is_small_file = stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
                               info.st_size <= kMaxNeighbourBytes;
    if (!is_small_file) continue;
    if (++count > kMaxNeighbours) return;
    const auto text = ReadFile(path);
    if (text.ok()) (void)spec::AddObjects(*text, path, objects);
  }
}

// The documents of a text, each with the `---` that begins it.
std::vector<std::string_view> SplitDocuments(std::string_view text) {
  std::vector<std::string_view> documents;
  size_t start = 0;
  for (size_t at = 0; (at = text.find("\n---", at)) != std::string_view::npos; at += 4) {
    if (at + 4 < text.size() &&
        std::string_view(" \t\r\n").find(text[at + 4]) == std::string::npos) {
      continue;
    }
    documents.push_back(text.substr(start, at + 1 - start));
    start = at + 1;
  }
  documents.push_back(text.substr(start));
  return documents;
}

// What is to be kept of a file of many jobs for each: its own document, and those that hold no job.
// The whole text where that cannot be told apart.
void ShareOutText(const std::string& text, const spec::ParseOptions& options,
                  std::vector<LoadedJob>* jobs) {
  std::map<std::pair<std::string, std::string>, std::string_view> own;
  std::string common;
  if (jobs->size() > 1) {
    for (const std::string_view document : SplitDocuments(text)) {
      const auto parsed = spec::ParseJobFile(document, "", options);
      if (!parsed.ok()) common += document;
      if (!parsed.ok()) continue;
      for (const spec::TFJob& job : parsed->jobs) own[{job.name_space, job.name}] = document;
    }
  }
  for (LoadedJob& loaded : *jobs) {
    const auto found = own.find({loaded.job.name_space, loaded.job.name});
    loaded.text = found == own.end() ? text : fmt::format("{}{}", common, found->second);
  }
}

Result<std::vector<LoadedJob>> ParseJobs(const std::string& text, const std::string& shown_name,
                                         const std::string& file,
                                         const std::vector<std::string>& overrides) {
  const spec::ParseOptions options{.overrides = overrides, .validate = kLocally};
  ASSIGN_OR_RETURN(spec::JobFile parsed, spec::ParseJobFile(text, shown_name, options));
  const bool lacks_any =
      std::any_of(parsed.jobs.begin(), parsed.jobs.end(),
                  [&](const spec::TFJob& job) { return LacksObjects(job, parsed.objects); });
  if (lacks_any && !file.empty()) AddNeighbours(file, &parsed.objects);
  std::vector<LoadedJob> jobs;
  for (spec::TFJob& job : parsed.jobs) {
    jobs.push_back(
        {.job = std::move(job), .objects = parsed.objects, .file = file, .overrides = overrides});
  }
  ShareOutText(text, options, &jobs);
  return jobs;
}

Result<std::vector<LoadedJob>> LoadJobFile(const std::string& file,
                                           const std::vector<std::string>& overrides) {
  if (IsDirectory(file)) return InvalidArgumentError("cannot read {}: it is a directory", file);
  ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(file, error).lexically_normal().string();
  return ParseJobs(text, file, absolute, overrides);
}

// A DNS label made of the program's file name: "train.py" gives "train-py".
std::string NameFromProgram(const std::string& program) {
  std::string name = std::filesystem::path(program).filename().string().substr(0, 40);
  for (char& c : name) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) c = '-';
  }
  name = name.substr(std::min(name.find_first_of("abcdefghijklmnopqrstuvwxyz"), name.size()));
  while (name.ends_with('-')) name.pop_back();
  return name.empty() ? "job" : name;
}

// The file that would have said the same.
std::string TextOf(const spec::TFJob& job) {
  nlohmann::ordered_json replicas;
  for (const auto& [type, replica] : job.replicas) {
    replicas[std::string(spec::ReplicaTypeName(type))] = {
        {"replicas", replica.replicas},
        {"restartPolicy", spec::RestartPolicyName(replica.restart_policy)},
        {"template",
         {{"spec",
           {{"containers",
             {{{"name", "tensorflow"}, {"command", replica.pod.container.command}}}}}}}}};
  }
  const nlohmann::ordered_json root = {{"apiVersion", "kubeflow.org/v1"},
                                       {"kind", "TFJob"},
                                       {"metadata", {{"name", job.name}}},
                                       {"spec", {{"tfReplicaSpecs", replicas}}}};
  return root.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

bool LacksObjects(const spec::TFJob& job, const spec::Objects& objects) {
  const auto lacks = [&](bool is_config_map, const std::string& name) {
    return !(is_config_map ? objects.config_maps.contains(name) : objects.secrets.contains(name));
  };
  for (const auto& [type, replica] : job.replicas) {
    for (const spec::EnvVar& variable : replica.pod.container.env) {
      if (variable.config_map_key && lacks(true, variable.config_map_key->object)) return true;
      if (variable.secret_key && lacks(false, variable.secret_key->object)) return true;
    }
    for (const spec::EnvFrom& source : replica.pod.container.env_from) {
      if (lacks(source.kind == spec::EnvFrom::Kind::kConfigMap, source.object)) return true;
    }
    for (const spec::Volume& volume : replica.pod.volumes) {
      const bool is_config_map = volume.kind == spec::Volume::Kind::kConfigMap;
      if (!is_config_map && volume.kind != spec::Volume::Kind::kSecret) continue;
      if (lacks(is_config_map, volume.source)) return true;
    }
  }
  return false;
}

Result<std::vector<LoadedJob>> LoadJobFiles(const std::vector<std::string>& files,
                                            const std::vector<std::string>& overrides) {
  std::vector<LoadedJob> jobs;
  for (const std::string& file : files) {
    ASSIGN_OR_RETURN(std::vector<LoadedJob> more, LoadJobFile(file, overrides));
    std::move(more.begin(), more.end(), std::back_inserter(jobs));
  }
  return jobs;
}

Result<LoadedJob> MakeJob(const std::vector<std::string>& program,
                          const std::map<spec::ReplicaType, int>& counts, std::string name) {
  LoadedJob loaded;
  loaded.job.name = name.empty() ? NameFromProgram(program.front()) : std::move(name);
  for (const auto& [type, count] : counts) {
    if (count == 0) continue;
    spec::ReplicaSpec& replica = loaded.job.replicas[type];
    replica.replicas = count;
    replica.restart_policy = spec::RestartPolicy::kExitCode;
    replica.pod.container.command = program;
  }
  const auto problems = spec::Validate(loaded.job, kLocally);
  if (!problems.empty()) {
    return InvalidArgumentError("{}: {}", problems.front().path, problems.front().message);
  }
  loaded.text = TextOf(loaded.job);
  return loaded;
}

Result<LoadedJob> LoadRecordedJob(const local::JobStore& store, const local::JobRecord& record,
                                  const std::vector<std::string>& more_overrides) {
  ASSIGN_OR_RETURN(const std::string text, store.ReadJobText());
  std::vector<std::string> overrides = record.submission.overrides;
  overrides.insert(overrides.end(), more_overrides.begin(), more_overrides.end());
  const std::string shown_name = JoinPath(store.workdir(), ".trainyard/job.yaml");
  ASSIGN_OR_RETURN(std::vector<LoadedJob> jobs,
                   ParseJobs(text, shown_name, record.submission.file, overrides));
  for (LoadedJob& loaded : jobs) {
    if (loaded.job.name == record.name && loaded.job.name_space == record.name_space) {
      // Written anew with a heading of its own.
      loaded.text = local::WithoutHeading(loaded.text);
      return std::move(loaded);
    }
  }
  return NotFoundError("{} does not hold the job {}", shown_name, record.name);
}

}  // namespace trainyard::cli
