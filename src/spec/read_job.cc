#include "spec/read_job.h"

#include <algorithm>

#include "spec/batch_job.h"
#include "spec/extensions.h"
#include "spec/metadata.h"
#include "spec/overrides.h"
#include "spec/versions.h"

namespace trainyard::spec {
namespace {

Status ReadJobMetadata(const Reader& reader, const Node& root, TFJob* job) {
  if (root.Find("metadata") == nullptr) {
    return reader.Fail(root, "metadata", "must be required, with a name");
  }
  ASSIGN_OR_RETURN(Metadata metadata, ReadMetadata(reader, root, ""));
  job->name = std::move(metadata.name);
  if (!metadata.name_space.empty()) job->name_space = std::move(metadata.name_space);
  job->uid = std::move(metadata.uid);
  job->labels = std::move(metadata.labels);
  job->annotations = std::move(metadata.annotations);
  if (job->annotations.empty()) return OkStatus();
  return ReadExtensions(reader, *root.Find("metadata")->Find("annotations"), &job->extensions);
}

Status ReadSpec(const Reader& reader, const Node& root, TFJob* job) {
  ASSIGN_OR_RETURN(const Node* spec, reader.Map(root, "", "spec"));
  if (spec == nullptr) return reader.Fail(root, "spec", "must be required");
  const std::string& version = job->api_version;
  if (version == "batch/v1") return ReadSpecBatch(reader, *spec, job);
  if (version == "kubeflow.org/v1") return ReadSpecV1(reader, *spec, job);
  if (version == "kubeflow.org/v1beta2" || version == "kubeflow.org/v1beta1" ||
      version == "kubeflow.org/v1alpha2") {
    return ReadSpecBeta(reader, *spec, job);
  }
  return ReadSpecV1Alpha1(reader, *spec, job);
}

Status CheckVersion(const Reader& reader, const Manifest& manifest) {
  constexpr std::string_view kVersions[] = {"kubeflow.org/v1", "kubeflow.org/v1beta2",
                                            "kubeflow.org/v1beta1", "kubeflow.org/v1alpha2",
                                            "kubeflow.org/v1alpha1"};
  const bool is_batch = manifest.kind == "Job";
  if (is_batch ? manifest.api_version == "batch/v1"
               : std::find(std::begin(kVersions), std::end(kVersions), manifest.api_version) !=
                     std::end(kVersions)) {
    return OkStatus();
  }
  const Node* place = manifest.root->Find("apiVersion");
  return reader.Fail(
      place == nullptr ? *manifest.root : *place, "apiVersion",
      fmt::format("expected {}, found \"{}\"",
                  is_batch ? "batch/v1" : "kubeflow.org/v1, v1beta2, v1beta1, v1alpha2 or v1alpha1",
                  manifest.api_version.substr(0, 60)));
}

// The element of a list of v1alpha1 replica specs.
const Node* FindReplicaItem(const Node& list, std::string_view type) {
  for (const Node& item : list.items) {
    const Node* written = item.Find("tfReplicaType");
    if ((written == nullptr ? "MASTER" : written->text) == type) return &item;
  }
  return nullptr;
}

// The deepest node on the way to `path` that stands in the file.
const Node& NodeAt(const Node& root, std::string_view path) {
  const Node* node = &root;
  while (!path.empty()) {
    const size_t dot = path.find('.');
    const std::string_view key = path.substr(0, dot);
    const Node* next = FindReplicaItem(*node, key);
    for (const Node::Member& member : node->members) {
      const auto type = ToReplicaType(member.key);
      if (member.key == key || (type && ReplicaTypeName(*type) == key)) next = &member.value;
    }
    if (next == nullptr || next->line == 0) break;
    node = next;
    path = dot == std::string_view::npos ? "" : path.substr(dot + 1);
  }
  return *node;
}

}  // namespace

bool IsJob(const Manifest& manifest) {
  return manifest.kind == "TFJob" ||
         (manifest.kind == "Job" &&
          (manifest.api_version.empty() || manifest.api_version == "batch/v1"));
}

Result<TFJob> ReadJob(const Reader& reader, const Manifest& manifest, const ParseOptions& options) {
  Node& root = *manifest.root;
  RETURN_IF_ERROR(CheckVersion(reader, manifest));
  for (const std::string& override : options.overrides) {
    RETURN_IF_ERROR(ApplyToDocument(override, &root));
  }
  RETURN_IF_ERROR(reader.CheckKeys(root, "", {"apiVersion", "kind", "metadata", "spec", "status"}));
  TFJob job;
  job.api_version = manifest.api_version;
  RETURN_IF_ERROR(ReadJobMetadata(reader, root, &job));
  RETURN_IF_ERROR(ReadSpec(reader, root, &job));
  for (const std::string& override : options.overrides) {
    RETURN_IF_ERROR(ApplyToArguments(override, &job));
  }
  const std::vector<Problem> problems = Validate(job, options.validate);
  if (problems.empty()) return job;
  const Problem& first = problems.front();
  return reader.Fail(NodeAt(root, first.path), first.path, first.message);
}

}  // namespace trainyard::spec
