#include "cli/cluster/submit.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/cluster/cluster_flags.h"
#include "cli/cluster/follow.h"
#include "cli/cluster/manifests.h"
#include "cli/job_flags.h"
#include "operator/names.h"

namespace trainyard::cli {
namespace {

using kube::Json;

constexpr char kFieldManager[] = "trainyard";

struct SubmitFlags {
  ClusterFlags cluster;
  std::vector<std::string> files;
  std::vector<std::string> overrides;
  bool dry_run = false;
  bool force = false;
  bool logs = false;
  std::string output = "text";
};

constexpr char kExamples[] =
    "Every object of every file is checked before the first is sent; each is then applied\n"
    "(server-side, as by kubectl apply --server-side). Ctrl-C ends the watching, never a job.\n"
    "Examples:\n"
    "  trainyard submit examples/digits/tfjob.yaml\n"
    "  trainyard submit job.yaml --set Worker.replicas=4 --logs";

// Which resource a kind is: asked of the API server once for each group and version.
class Kinds {
 public:
  explicit Kinds(kube::Api* client) : client_(client) {}

  Result<kube::Resource> Find(const std::string& api_version, const std::string& kind) {
    const auto known = lists_.find(api_version);
    if (known == lists_.end()) {
      const std::string path =
          (api_version.find('/') == std::string::npos ? "/api/" : "/apis/") + api_version;
      Result<Json> list =
          client_->SendForJson({.path = path, .attempt = "list the kinds of " + api_version});
      if (!list.ok() && list.error().code() == StatusCode::kNotFound) list = Json::object();
      if (!list.ok()) return list.error();
      lists_[api_version] = std::move(*list);
    }
    for (const Json& item : kube::GetList(lists_[api_version], {"resources"})) {
      const std::string name = kube::GetString(item, {"name"});
      if (kube::GetString(item, {"kind"}) != kind || name.find('/') != std::string::npos) continue;
      const size_t slash = api_version.find('/');
      return kube::Resource{
          .group = slash == std::string::npos ? "" : api_version.substr(0, slash),
          .version = slash == std::string::npos ? api_version : api_version.substr(slash + 1),
          .plural = name,
          .is_namespaced = kube::GetBool(item, {"namespaced"})};
    }
    return InvalidArgumentError("the cluster knows no {} of {}{}", kind, api_version,
                                kind == "TFJob" ? "; kubectl apply --server-side -k deploy/ "
                                                  "installs TFJobs"
                                                : "");
  }

 private:
  kube::Api* const client_;
  std::map<std::string, Json> lists_;
};

struct Prepared {
  ManifestObject manifest;
  kube::Resource resource;
  std::string name_space;
};

Result<std::vector<Prepared>> Prepare(const Cluster& cluster,
                                      std::vector<ManifestObject> manifests) {
  Kinds kinds(cluster.client.get());
  std::vector<Prepared> all;
  for (ManifestObject& manifest : manifests) {
    const auto resource = kinds.Find(kube::GetString(manifest.object, {"apiVersion"}),
                                     kube::GetString(manifest.object, {"kind"}));
    if (!resource.ok()) return resource.error().WithContext(manifest.place);
    Prepared prepared{.manifest = std::move(manifest), .resource = *resource, .name_space = {}};
    prepared.name_space = kube::Namespace(prepared.manifest.object);
    if (prepared.name_space.empty() && resource->is_namespaced) {
      prepared.name_space = cluster.name_space;
      prepared.manifest.object["metadata"]["namespace"] = cluster.name_space;
    }
    all.push_back(std::move(prepared));
  }
  return all;
}

Result<Json> Apply(const Cluster& cluster, const Prepared& prepared, const SubmitFlags& flags,
                   bool dry_run) {
  kube::Query query{{"fieldManager", kFieldManager}, {"fieldValidation", "Strict"}};
  if (flags.force) query.emplace_back("force", "true");
  if (dry_run) query.emplace_back("dryRun", "All");
  return cluster.client->Patch(prepared.resource, prepared.name_space,
                               kube::Name(prepared.manifest.object), kube::PatchType::kApply,
                               prepared.manifest.object, {}, query);
}

// What becomes of one object, in a word.
std::string Outcome(const Result<Json>& before, const Json& after) {
  if (!before.ok()) return "created";
  return kube::ResourceVersion(*before) == kube::ResourceVersion(after) ? "unchanged"
                                                                        : "configured";
}

// The API server answers a field that it does not know with 500, as if the mistake were its own.
Status AsMistake(const Status& status) {
  constexpr std::string_view kWords = "failed to create typed patch object";
  if (status.message().find(kWords) == std::string::npos) return status;
  return InvalidArgumentError("{}", status.message());
}

int Fail(const Prepared& prepared, const Status& status) {
  return ComplainAbout("submit", AsMistake(status).WithContext(prepared.manifest.place));
}

int Run(const SubmitFlags& flags) {
  auto manifests = ReadManifests(flags.files, flags.overrides);
  if (!manifests.ok()) return ComplainAbout("submit", manifests.error());
  const auto cluster = Connect(flags.cluster);
  if (!cluster.ok()) return ComplainAbout("submit", cluster.error());
  const auto all = Prepare(*cluster, std::move(*manifests));
  if (!all.ok()) return ComplainAbout("submit", all.error());
  // The server checks each, too, before any is there. Not those whose namespace comes with them.
  bool makes_namespaces = false;
  for (const Prepared& prepared : *all) {
    makes_namespaces = makes_namespaces || prepared.resource == kube::kNamespaces;
  }
  for (const Prepared& prepared : *all) {
    if (makes_namespaces && prepared.resource.is_namespaced) continue;
    const auto checked = Apply(*cluster, prepared, flags, /*dry_run=*/true);
    if (!checked.ok()) return Fail(prepared, checked.error());
  }
  Json sent = Json::array();
  std::vector<std::string> jobs;
  for (const Prepared& prepared : *all) {
    const std::string name = kube::Name(prepared.manifest.object);
    const auto before = cluster->client->Get(prepared.resource, prepared.name_space, name);
    const auto after = Apply(*cluster, prepared, flags, flags.dry_run);
    if (!after.ok()) return Fail(prepared, after.error());
    if (flags.output == "text") {
      fmt::print("{} {}{}\n", prepared.manifest.ToString(), Outcome(before, *after),
                 flags.dry_run ? " (dry run)" : "");
    } else if (flags.output == "name") {
      fmt::print("{}\n", prepared.manifest.ToString());
    }
    sent.push_back(*after);
    if (prepared.manifest.is_job) jobs.push_back(prepared.name_space + "/" + name);
  }
  if (flags.output == "json") {
    fmt::print("{}\n", Json{{"apiVersion", "v1"}, {"kind", "List"}, {"items", sent}}.dump(2));
  }
  if (!flags.logs || flags.dry_run) return 0;
  if (jobs.size() != 1) {
    return ComplainAbout(
        "submit", InvalidArgumentError("--logs follows one job, and there are {}", jobs.size()));
  }
  const size_t slash = jobs[0].find('/');
  return FollowLogs(*cluster, {.name_space = jobs[0].substr(0, slash),
                               .job = jobs[0].substr(slash + 1),
                               .follow = true,
                               .reports_end = true});
}

}  // namespace

void AddSubmitCommand(CLI::App& app, int* exit_code) {
  CLI::App* command = app.add_subcommand("submit", "Send jobs of files to a cluster");
  const auto flags = std::make_shared<SubmitFlags>();  // lives as long as the callback
  command->add_option("FILE", flags->files, "Job files, YAML or JSON; - reads standard input")
      ->required();
  command->add_option("--set", flags->overrides, "Change the jobs: Worker.replicas=4, args.lr=0.1")
      ->type_name("KEY=VALUE");
  AddClusterFlags(command, &flags->cluster);
  command->add_flag("--dry-run", flags->dry_run, "Let the server check everything, send nothing");
  command->add_flag("--force", flags->force, "Take over fields that another tool has set");
  command->add_flag("--logs", flags->logs, "Follow the job's logs; the exit code is the job's");
  command->add_option("-o,--output", flags->output, "text, name or json")
      ->check(CLI::IsMember({"text", "name", "json"}))
      ->capture_default_str();
  command->footer(kExamples);
  command->callback([flags, exit_code] { *exit_code = Run(*flags); });
}

}  // namespace trainyard::cli
