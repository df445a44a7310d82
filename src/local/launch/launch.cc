#include "local/launch/launch.h"

#include <algorithm>

#include "base/files.h"
#include "local/launch/image.h"
#include "local/launch/path_text.h"
#include "local/launch/program.h"
#include "spec/job_tf_config.h"

namespace trainyard::local {
namespace {

constexpr std::string_view kImagePath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Set by the runner, whatever the file says.
Environment OwnVariables(const spec::TFJob& job, const job::ReplicaId& id,
                         const LaunchContext& context) {
  Environment own = {{"TRAINYARD_OUT", context.workdir},
                     {"TRAINYARD_JOB", job.name},
                     {"TRAINYARD_REPLICA", id.Name()},
                     {"TRAINYARD_PROGRESS_FILE", context.progress_path}};
  if (job.rules == spec::JobRules::kBatchJob) {
    if (job.is_indexed) own["JOB_COMPLETION_INDEX"] = std::to_string(id.index);
  } else if (auto tf_config = spec::JobTfConfig(job, context.cluster, id.type, id.index)) {
    own["TF_CONFIG"] = *std::move(tf_config);
  }
  return own;
}

std::string FormatMemory(int64_t bytes) {
  constexpr std::pair<int, const char*> kUnits[] = {{30, "Gi"}, {20, "Mi"}, {10, "Ki"}};
  for (const auto& [shift, unit] : kUnits) {
    if (bytes > 0 && bytes % (int64_t{1} << shift) == 0) {
      return fmt::format("{}{}", bytes >> shift, unit);
    }
  }
  return std::to_string(bytes);
}

// One replica's Launch in the making.
class Builder {
 public:
  Builder(const spec::TFJob& job, const job::ReplicaId& id, const LaunchContext& context)
      : job_(job),
        id_(id),
        context_(context),
        pod_(job.replicas.at(id.type).pod),
        own_(OwnVariables(job, id, context)) {}

  Result<Launch> Build() {
    ASSIGN_OR_RETURN(image_,
                     OpenImage(pod_.container.image, context_.options.images, context_.directory));
    ASSIGN_OR_RETURN(variables_, BuildContainerVariables(job_, id_, context_.options.objects, own_,
                                                         context_.machine));
    ASSIGN_OR_RETURN(volumes_, PlanVolumes(pod_, id_.Name(), context_.workdir, context_.options,
                                           variables_.values));
    launch_.volumes = volumes_.directories;
    ChooseDirectory();
    BuildEnvironment();
    RETURN_IF_ERROR(BuildCommand());
    ChooseLimits();
    AddNotes();
    return std::move(launch_);
  }

 private:
  // Where the file's paths are on this machine, for those that are not simply there.
  std::optional<std::string> Map(std::string_view path) const {
    if (auto mapped = MapPath(path, volumes_.mounts)) return mapped;
    if (PathExists(std::string(path))) return std::nullopt;
    return image_.Find(path);
  }

  std::string Replace(std::string_view text) const {
    return ReplacePaths(text, [this](std::string_view path) { return Map(path); });
  }

  void ChooseDirectory() {
    launch_.directory =
        image_.kind() == LocalImage::Kind::kDirectory ? image_.target() : context_.directory;
    const std::string& own = pod_.container.working_dir;
    const std::string& wanted = own.empty() ? image_.config().working_dir : own;
    if (wanted.empty()) return;
    if (const auto mounted = MapPath(wanted, volumes_.mounts)) {
      launch_.directory = *mounted;
      launch_.volumes.push_back({.path = *mounted});  // made if need be, as a container's is
      return;
    }
    if (const auto found = image_.Find(wanted); found && IsDirectory(*found)) {
      launch_.directory = *found;
      return;
    }
    if (own.empty()) return;  // what the image means is where its files are
    const std::string here = JoinPath(context_.directory, own);
    if (IsDirectory(here)) {
      launch_.directory = here;
    } else if (image_.kind() != LocalImage::Kind::kDirectory) {
      launch_.notes.push_back(
          fmt::format("workingDir {} is not on this machine; using {}", own, launch_.directory));
    }
  }

  void BuildEnvironment() {
    launch_.env = context_.environment;
    launch_.env.erase("TF_CONFIG");
    launch_.env.emplace("PYTHONUNBUFFERED", "1");
    for (const auto& [name, value] : image_.config().env) {
      launch_.env[name] = name == "PATH" ? PathOfImage(value) : Replace(value);
    }
    for (const auto& [name, value] : variables_.values) {
      launch_.env[name] = own_.contains(name) ? value : Replace(value);
    }
  }

  // The image's own program directories come first; the others are this machine's.
  std::string PathOfImage(const std::string& path) const {
    std::string result;
    for (const std::string& directory : ProgramDirectories(path)) result += directory + ':';
    const auto inherited = context_.environment.find("PATH");
    return result + (inherited == context_.environment.end() ? path : inherited->second);
  }

  // Those of the directories of a container's PATH that the image mapping has.
  std::vector<std::string> ProgramDirectories(std::string_view path) const {
    std::vector<std::string> found;
    while (!path.empty()) {
      const size_t colon = std::min(path.find(':'), path.size());
      if (const auto directory = image_.Find(path.substr(0, colon))) found.push_back(*directory);
      path.remove_prefix(std::min(colon + 1, path.size()));
    }
    return found;
  }

  Status BuildCommand() {
    spec::Container container = pod_.container;
    for (auto* list : {&container.command, &container.args}) {
      for (std::string& part : *list) part = ExpandVariables(part, variables_.values);
    }
    ASSIGN_OR_RETURN(launch_.argv, ContainerCommand(container, image_));
    std::string& program = launch_.argv.front();
    program = ImageProgram(program).value_or(Replace(program));
    for (size_t i = 1; i < launch_.argv.size(); ++i) {
      std::string& part = launch_.argv[i];
      part = RelativeFile(part).value_or(Replace(part));
    }
    return ChooseProgram();
  }

  // Of a program's path the image has the say, even if this machine has a file of that name.
  std::optional<std::string> ImageProgram(const std::string& name) const {
    if (name.find('/') == std::string::npos) return std::nullopt;
    return image_.Find(InImage(name));
  }

  // A relative path in the image's working directory that is elsewhere on this machine.
  std::optional<std::string> RelativeFile(const std::string& part) const {
    const bool may_be_path = !part.empty() && part.front() != '-' && part.front() != '/' &&
                             part.find_first_of(" \t\n=") == std::string::npos;
    if (!may_be_path || PathExists(JoinPath(launch_.directory, part))) return std::nullopt;
    return image_.Find(InImage(part));
  }

  std::string InImage(const std::string& path) const {
    const std::string& own = pod_.container.working_dir;
    const std::string& directory = own.empty() ? image_.config().working_dir : own;
    return JoinPath(directory.empty() ? "/" : directory, path);
  }

  Status ChooseProgram() {
    ProgramSearch search{.working_directory = launch_.directory,
                         .path = launch_.env["PATH"],
                         .directories = context_.program_directories};
    for (std::string& directory : ProgramDirectories(kImagePath)) {
      search.directories.push_back(std::move(directory));
    }
    const std::string& name = launch_.argv.front();
    Result<std::string> program = FindProgram(name, search);
    if (!program.ok() && image_.kind() == LocalImage::Kind::kProgram) program = image_.target();
    if (!program.ok() && name == "python") {
      program = FindProgram("python3", search);
      if (program.ok()) launch_.notes.push_back("python is not on this machine; using python3");
    }
    if (program.ok()) {
      launch_.program = *std::move(program);
      return OkStatus();
    }
    const Status& status = program.status();
    const bool may_be_in_image = !pod_.container.image.empty() &&
                                 image_.kind() == LocalImage::Kind::kUnmapped &&
                                 status.code() == StatusCode::kNotFound;
    if (!may_be_in_image) return status;
    return NotFoundError("{}; if it is in the image, add --map-image {}=DIR", status.message(),
                         pod_.container.image);
  }

  void ChooseLimits() {
    if (!context_.options.enforce_limits) return;
    const spec::ResourceLimits& limits = pod_.container.limits;
    if (limits.memory_bytes) {
      const std::string& why_not = context_.trees.why_no_memory;
      if (why_not.empty()) launch_.limits.memory_bytes = limits.memory_bytes;
      NoteLimit("memory", FormatMemory(*limits.memory_bytes), why_not);
    }
    if (limits.cpu) {
      const std::string& why_not = context_.trees.why_no_cpu;
      if (why_not.empty()) launch_.limits.cpu = limits.cpu;
      NoteLimit("cpu", fmt::format("{:g}", *limits.cpu), why_not);
    }
  }

  void NoteLimit(std::string_view name, std::string_view value, const std::string& why_not) {
    if (why_not.empty()) return;
    launch_.notes.push_back(fmt::format("limits.{} {} is not enforced: {}", name, value, why_not));
  }

  void AddNotes() {
    for (const auto* notes : {&variables_.notes, &volumes_.notes}) {
      launch_.notes.insert(launch_.notes.end(), notes->begin(), notes->end());
    }
    if (pod_.cluster_only.empty()) return;
    launch_.notes.push_back(fmt::format("{} {} not honoured here",
                                        fmt::join(pod_.cluster_only, ", "),
                                        pod_.cluster_only.size() == 1 ? "is" : "are"));
  }

  const spec::TFJob& job_;
  const job::ReplicaId& id_;
  const LaunchContext& context_;
  const spec::PodSpec& pod_;
  const Environment own_;
  LocalImage image_;
  ContainerVariables variables_;
  Volumes volumes_;
  Launch launch_;
};

}  // namespace

bool HasLimits(const spec::TFJob& job) {
  return std::any_of(job.replicas.begin(), job.replicas.end(), [](const auto& entry) {
    return entry.second.pod.container.limits != spec::ResourceLimits{};
  });
}

Result<Launch> BuildLaunch(const spec::TFJob& job, const job::ReplicaId& id,
                           const LaunchContext& context) {
  Result<Launch> launch = Builder(job, id, context).Build();
  if (!launch.ok()) return launch.status().WithContext("cannot run replica " + id.Name());
  return launch;
}

}  // namespace trainyard::local
