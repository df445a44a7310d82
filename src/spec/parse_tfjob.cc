#include "spec/parse_tfjob.h"

#include <algorithm>

#include "spec/document.h"
#include "spec/overrides.h"
#include "spec/reader.h"
#include "spec/versions.h"

namespace trainyard::spec {
namespace {

constexpr std::string_view kMetadataFields[] = {"annotations",
                                                "creationTimestamp",
                                                "deletionGracePeriodSeconds",
                                                "deletionTimestamp",
                                                "finalizers",
                                                "generateName",
                                                "generation",
                                                "labels",
                                                "managedFields",
                                                "name",
                                                "namespace",
                                                "ownerReferences",
                                                "resourceVersion",
                                                "selfLink",
                                                "uid"};

std::string TextOf(const Node& map, std::string_view key) {
  const Node* node = map.Find(key);
  return node == nullptr ? "" : node->text;
}

// The document to read; other objects may stand beside it.
Result<Node*> FindTFJob(const Reader& reader, std::vector<Node>* documents) {
  Node* job = nullptr;
  std::vector<std::string> kinds;
  for (Node& document : *documents) {
    if (document.is_null()) continue;
    if (!document.is_map()) {
      return reader.Fail(
          document, "", fmt::format("expected a Kubernetes object, found {}", document.Describe()));
    }
    const std::string kind = TextOf(document, "kind");
    if (kind != "TFJob") {
      kinds.push_back(kind.empty() ? "(no kind)" : kind.substr(0, 60));
    } else if (job != nullptr) {
      return reader.Fail(document, "kind", "a second TFJob; one file describes one job to run");
    } else {
      job = &document;
    }
  }
  if (job != nullptr) return job;
  if (kinds.empty()) return reader.Fail(Node(), "", "the file is empty; expected a TFJob");
  return reader.Fail(documents->front(), "kind",
                     fmt::format("expected TFJob, found {}", fmt::join(kinds, ", ")));
}

Status ReadMetadata(const Reader& reader, const Node& root, TFJob* job) {
  ASSIGN_OR_RETURN(const Node* metadata, reader.Map(root, "", "metadata"));
  if (metadata == nullptr) return reader.Fail(root, "metadata", "must be required, with a name");
  RETURN_IF_ERROR(reader.CheckKeys(*metadata, "metadata", kMetadataFields));
  RETURN_IF_ERROR(reader.String(*metadata, "metadata", "name", &job->name));
  RETURN_IF_ERROR(reader.String(*metadata, "metadata", "namespace", &job->name_space));
  return reader.String(*metadata, "metadata", "uid", &job->uid);
}

// The deepest node on the way to `path` that stands in the file.
const Node& NodeAt(const Node& root, std::string_view path) {
  const Node* node = &root;
  while (!path.empty()) {
    const size_t dot = path.find('.');
    const std::string_view key = path.substr(0, dot);
    const Node* next = nullptr;
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

Status ReadSpec(const Reader& reader, const Node& root, TFJob* job) {
  ASSIGN_OR_RETURN(const Node* spec, reader.Map(root, "", "spec"));
  if (spec == nullptr) return reader.Fail(root, "spec", "must be required");
  const std::string& version = job->api_version;
  if (version == "kubeflow.org/v1") return ReadSpecV1(reader, *spec, job);
  if (version == "kubeflow.org/v1beta2" || version == "kubeflow.org/v1beta1" ||
      version == "kubeflow.org/v1alpha2") {
    return ReadSpecBeta(reader, *spec, job);
  }
  if (version == "kubeflow.org/v1alpha1") return ReadSpecV1Alpha1(reader, *spec, job);
  const Node* place = root.Find("apiVersion");
  return reader.Fail(place == nullptr ? root : *place, "apiVersion",
                     fmt::format("expected kubeflow.org/v1, v1beta2, v1beta1, v1alpha2 or v1alpha1,"
                                 " found \"{}\"",
                                 version.substr(0, 60)));
}

}  // namespace

Result<TFJob> ParseTFJob(std::string_view text, std::string_view file_name,
                         const ParseOptions& options) {
  const Reader reader(file_name);
  ASSIGN_OR_RETURN(std::vector<Node> documents, ParseYaml(text, file_name));
  ASSIGN_OR_RETURN(Node * root, FindTFJob(reader, &documents));
  for (const std::string& override : options.overrides) {
    RETURN_IF_ERROR(ApplyToDocument(override, root));
  }
  RETURN_IF_ERROR(
      reader.CheckKeys(*root, "", {"apiVersion", "kind", "metadata", "spec", "status"}));
  TFJob job;
  job.api_version.clear();
  RETURN_IF_ERROR(reader.String(*root, "", "apiVersion", &job.api_version));
  RETURN_IF_ERROR(ReadMetadata(reader, *root, &job));
  RETURN_IF_ERROR(ReadSpec(reader, *root, &job));
  for (const std::string& override : options.overrides) {
    RETURN_IF_ERROR(ApplyToArguments(override, &job));
  }
  const std::vector<Problem> problems = Validate(job, options.validate);
  if (!problems.empty()) {
    const Problem& first = problems.front();
    return reader.Fail(NodeAt(*root, first.path), first.path, first.message);
  }
  return job;
}

}  // namespace trainyard::spec
