// What holds of any text that is given for a job file, an object file, a Dockerfile or TF_CONFIG.
#include <cmath>

#include "base/testing/fuzz.h"
#include "spec/dockerfile.h"
#include "spec/job_file.h"
#include "spec/objects.h"
#include "spec/quantity.h"
#include "spec/tf_config.h"

namespace trainyard {
namespace {

using namespace spec;  // NOLINT: targets stand in the namespace of their list

constexpr char kJob[] =
    "apiVersion: kubeflow.org/v1\nkind: TFJob\nmetadata: {name: x, labels: {a: &a \"b\", c: *a}}\n"
    "spec:\n  runPolicy: {cleanPodPolicy: None, backoffLimit: 2}\n  tfReplicaSpecs:\n"
    "    Chief: {replicas: 1, template: &t {spec: {containers: [{name: tensorflow, image: i, "
    "command: [a, \"$(B)\"], env: [{name: B, value: c}], resources: {limits: {memory: 1Gi}}}]}}}\n"
    "    Worker:\n      replicas: 2\n      restartPolicy: ExitCode\n      template: *t\n"
    "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {k: v}}\n";
constexpr char kDockerfile[] =
    "# escape=\\\nARG V=1\nFROM a:$V AS one\nENV A=\"${B:-x${C:+y}}\" D='e' \\\n  F=\\$\n"
    "COPY --chown=1 a b c/\nRUN <<E\nx\nE\nFROM one\nADD [\"a b\", \"c\"]\nWORKDIR $A/..\n"
    "CMD [\"x\"]\n";

// A mistake is told by file and place, in one line.
Status ExpectPlace(const Status& status) {
  return Expect(status.ok() || (status.code() == StatusCode::kInvalidArgument &&
                                status.message().starts_with("f:")),
                "a complaint names file and line");
}

Status CheckJobFile(std::string_view text) {
  const Result<JobFile> file = ParseJobFile(text, "f");
  RETURN_IF_ERROR(Expect(!file.ok() || !file->jobs.empty(), "a job file has jobs"));
  return Expect(file.ok() || file.status().message().starts_with("f"), "a complaint names a file");
}

Status CheckObjects(std::string_view text) {
  Objects objects;
  const Status status = AddObjects(text, "f", &objects);
  if (!status.ok()) return ExpectPlace(status);
  Objects again = objects;
  RETURN_IF_ERROR(AddObjects(text, "f", &again));
  return Expect(again == objects, "what is there already stays as it is");
}

Status CheckDockerfile(std::string_view text) {
  const Result<ImageConfig> image = ParseDockerfile(text, "f");
  if (!image.ok()) return Expect(!image.status().message().empty(), "a complaint says why");
  RETURN_IF_ERROR(Expect(image->working_dir.empty() || image->working_dir.starts_with('/'),
                         "WORKDIR is absolute"));
  for (const auto& [source, place] : image->copies) {
    RETURN_IF_ERROR(Expect(!source.starts_with('/') && !("/" + source + "/").starts_with("/../"),
                           "nothing is copied from outside of the context"));
    RETURN_IF_ERROR(Expect(place.starts_with('/'), "what is copied has an absolute place"));
  }
  return OkStatus();
}

// Is each job's last task as far as it has tasks? Only such clusters are written as lists.
bool IsDense(const ClusterSpec& cluster) {
  for (const auto& [name, tasks] : cluster.jobs) {
    if (tasks.empty() || static_cast<size_t>(tasks.rbegin()->first) + 1 != tasks.size())
      return false;
  }
  return true;
}

Status CheckTfConfig(std::string_view text) {
  const Result<TaskConfig> task = ParseTfConfig(text);
  if (!task.ok()) return Expect(!task.status().message().empty(), "a complaint says why");
  if (task->cluster.empty() || !IsDense(task->cluster)) return OkStatus();
  if (task->environment == "google") return OkStatus();  // addresses may be anything there
  const Result<TaskConfig> again =
      ParseTfConfig(FormatTfConfig(task->cluster, task->type, task->index));
  RETURN_IF_ERROR(again.status());
  return Expect(again->cluster == task->cluster && again->type == task->type &&
                    again->index == task->index && again->global_id == task->global_id,
                "what is written reads as the same");
}

Status CheckQuantity(std::string_view text) {
  const std::optional<double> amount = ParseQuantity(text);
  return Expect(!amount || std::isfinite(*amount), "an amount is finite");
}

}  // namespace

std::vector<FuzzTarget> FuzzTargets() {
  return {
      {"job_file", CheckJobFile, {kJob}, 1'000},
      {"objects",
       CheckObjects,
       {kJob,
        "{kind: Secret, apiVersion: v1, metadata: {name: s}, data: {a: Yg==}, "
        "stringData: {c: d}}"}},
      {"dockerfile", CheckDockerfile, {kDockerfile}},
      {"tf_config",
       CheckTfConfig,
       {R"({"cluster":{"chief":["a:1"],"ps":["b:2"],"worker":["c:3","d:4"]},)"
        R"("task":{"type":"worker","index":1},"environment":"cloud"})",
        R"({"cluster":{"worker":{"1":"c:3"}},"task":{"type":"worker","index":"1"}})"}},
      {"quantity", CheckQuantity, {"1.5Gi", "500m", "-2E", "1e3", "7E-2", "+.5Ki"}},
  };
}

}  // namespace trainyard
