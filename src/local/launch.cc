#include "local/launch.h"

#include <array>

#include "base/files.h"
#include "local/program.h"
#include "spec/job_tf_config.h"

namespace trainyard::local {
namespace {

std::string PodName(const spec::TFJob& job, const job::ReplicaId& id) {
  return fmt::format("{}-{}", job.name, id.Name());
}

Result<std::string> FieldValue(const spec::TFJob& job, const job::ReplicaId& id,
                               const spec::EnvVar& variable) {
  const std::string& field = variable.field_path;
  if (field == "metadata.name") return PodName(job, id);
  if (field == "metadata.namespace") return job.name_space;
  if (field == "metadata.uid") return job.uid;
  if (field == "status.podIP" || field == "status.hostIP") return std::string("127.0.0.1");
  return InvalidArgumentError("env {}: the field {} has no value in a local run", variable.name,
                              field);
}

// Set by the runner, whatever the file says.
Environment OwnVariables(const spec::TFJob& job, const job::ReplicaId& id,
                         const LaunchContext& context) {
  Environment own = {{"TRAINYARD_OUT", context.workdir},
                     {"TRAINYARD_JOB", job.name},
                     {"TRAINYARD_REPLICA", id.Name()},
                     {"TRAINYARD_PROGRESS_FILE", context.progress_path}};
  if (auto tf_config = spec::JobTfConfig(job, context.cluster, id.type, id.index)) {
    own["TF_CONFIG"] = *std::move(tf_config);
  }
  return own;
}

// The variables that $(NAME) may refer to: those of the container, not those inherited.
Result<Environment> ContainerVariables(const spec::TFJob& job, const job::ReplicaId& id,
                                       const Environment& own) {
  Environment variables = own;
  for (const spec::EnvVar& variable : job.replicas.at(id.type).pod.container.env) {
    if (own.contains(variable.name) || variable.name == "TF_CONFIG") continue;
    if (!variable.other_source.empty()) {
      return InvalidArgumentError(
          "env {}: a value from {} is not available in a local run; give it as a value",
          variable.name, variable.other_source);
    }
    std::string value = ExpandVariables(variable.value, variables);
    if (!variable.field_path.empty()) {
      ASSIGN_OR_RETURN(value, FieldValue(job, id, variable));
    }
    variables[variable.name] = std::move(value);
  }
  return variables;
}

void ChooseDirectory(const spec::Container& container, const LaunchContext& context,
                     Launch* launch) {
  launch->directory = context.directory;
  if (container.working_dir.empty()) return;
  const std::string wanted = JoinPath(context.directory, container.working_dir);
  if (IsDirectory(wanted)) {
    launch->directory = wanted;
  } else {
    launch->notes.push_back(fmt::format("workingDir {} is not on this machine; using {}",
                                        container.working_dir, context.directory));
  }
}

}  // namespace

Result<Launch> BuildLaunch(const spec::TFJob& job, const job::ReplicaId& id,
                           const LaunchContext& context) {
  const spec::Container& container = job.replicas.at(id.type).pod.container;
  const std::string what = fmt::format("cannot run replica {}", id.Name());
  if (container.command.empty()) {
    return InvalidArgumentError(
        "{}: its container has no command; here the image's entry point is unknown, so add "
        "command: [PROGRAM]",
        what);
  }
  auto variables = ContainerVariables(job, id, OwnVariables(job, id, context));
  if (!variables.ok()) return variables.status().WithContext(what);
  Launch launch;
  ChooseDirectory(container, context, &launch);
  for (const auto* list : {&container.command, &container.args}) {
    for (const std::string& part : *list) {
      launch.argv.push_back(ExpandVariables(part, *variables));
    }
  }
  launch.env = context.environment;
  launch.env.erase("TF_CONFIG");
  launch.env.emplace("PYTHONUNBUFFERED", "1");
  for (const auto& [name, value] : *variables) launch.env[name] = value;
  auto program = FindProgram(launch.argv.front(), {.working_directory = launch.directory,
                                                   .path = launch.env["PATH"],
                                                   .directories = context.program_directories});
  if (!program.ok()) return program.status().WithContext(what);
  launch.program = *std::move(program);
  return launch;
}

}  // namespace trainyard::local
