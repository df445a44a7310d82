#include "local/launch/container_env.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <thread>

#include "local/launch/replica_labels.h"

namespace trainyard::local {
namespace {

using spec::EnvFrom;
using spec::KeyedValues;

// Kubernetes' rule for names that envFrom may make; others are left out.
bool IsVariableName(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) return false;
  if (name == "." || name.starts_with("..")) return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  });
}

class Builder {
 public:
  Builder(const spec::TFJob& job, const job::ReplicaId& id, const spec::Objects& objects,
          const Environment& own, const Machine& machine)
      : job_(job),
        id_(id),
        pod_(job.replicas.at(id.type).pod),
        objects_(objects),
        own_(own),
        machine_(machine) {}

  Result<ContainerVariables> Build() {
    result_.values = own_;
    for (const EnvFrom& from : pod_.container.env_from) RETURN_IF_ERROR(TakeAll(from));
    for (const spec::EnvVar& variable : pod_.container.env) {
      // Checked even if our own value wins: the file is wrong on a cluster, too.
      ASSIGN_OR_RETURN(std::optional<std::string> value, Value(variable));
      if (value) Set(variable.name, *std::move(value));
    }
    return std::move(result_);
  }

 private:
  void Set(const std::string& name, std::string value) {
    // Of a TFJob's TF_CONFIG nothing but our own, or none, is right.
    const bool is_ours = name == "TF_CONFIG" && job_.rules != spec::JobRules::kBatchJob;
    if (is_ours || own_.contains(name)) return;
    result_.values[name] = std::move(value);
  }

  Status TakeAll(const EnvFrom& from) {
    const bool is_secret = from.kind == EnvFrom::Kind::kSecret;
    const auto& objects = is_secret ? objects_.secrets : objects_.config_maps;
    const auto found = objects.find(from.object);
    if (found == objects.end()) {
      return from.optional ? OkStatus() : NoObject("envFrom", is_secret, from.object);
    }
    std::vector<std::string> skipped;
    for (const auto& [key, value] : found->second) {
      const std::string name = from.prefix + key;
      if (IsVariableName(name)) {
        Set(name, value);
      } else {
        skipped.push_back(key);
      }
    }
    if (!skipped.empty()) {
      result_.notes.push_back(
          fmt::format("keys of {} \"{}\" that no variable can be named after "
                      "are left out, as on a cluster: {}",
                      KindName(is_secret), from.object, fmt::join(skipped, ", ")));
    }
    return OkStatus();
  }

  // Nullopt: an optional source that is not there.
  Result<std::optional<std::string>> Value(const spec::EnvVar& variable) {
    const std::string what = fmt::format("env {}", variable.name);
    if (!variable.other_source.empty()) {
      return InvalidArgumentError(
          "{}: a value from {} is not available in a local run; give it as "
          "a value",
          what, variable.other_source);
    }
    if (variable.config_map_key) return Key(what, false, *variable.config_map_key);
    if (variable.secret_key) return Key(what, true, *variable.secret_key);
    if (!variable.field_path.empty()) return Field(what, variable.field_path);
    if (!variable.resource_field.empty()) return Resource(what, variable);
    return ExpandVariables(variable.value, result_.values);
  }

  Result<std::optional<std::string>> Key(const std::string& what, bool is_secret,
                                         const spec::KeyRef& ref) const {
    const auto& objects = is_secret ? objects_.secrets : objects_.config_maps;
    const auto object = objects.find(ref.object);
    if (object == objects.end()) {
      if (ref.optional) return std::optional<std::string>();
      return NoObject(fmt::format("{}, key {}", what, ref.key), is_secret, ref.object);
    }
    const auto value = object->second.find(ref.key);
    if (value != object->second.end()) return std::optional(value->second);
    if (ref.optional) return std::optional<std::string>();
    return InvalidArgumentError("{}: {} \"{}\" has no key \"{}\"; its keys: {}", what,
                                KindName(is_secret), ref.object, ref.key, NamesOf(object->second));
  }

  Status NoObject(std::string_view what, bool is_secret, const std::string& name) const {
    const auto& objects = is_secret ? objects_.secrets : objects_.config_maps;
    return MissingObjectError(what, KindName(is_secret), name, NamesOf(objects));
  }

  Result<std::optional<std::string>> Field(const std::string& what,
                                           const std::string& field) const {
    if (field == "metadata.name") return std::optional(PodName(job_, id_));
    if (field == "metadata.namespace") return std::optional(job_.name_space);
    if (field == "metadata.uid") return std::optional(job_.uid);
    if (field == "spec.nodeName") return std::optional(machine_.host_name);
    if (field == "spec.serviceAccountName") return std::optional<std::string>("default");
    for (const std::string_view address :
         {"status.podIP", "status.hostIP", "status.podIPs", "status.hostIPs"}) {
      if (field == address) return std::optional<std::string>("127.0.0.1");
    }
    for (const auto& [list, values] : {std::pair{"metadata.labels", PodLabels(job_, id_)},
                                       {"metadata.annotations", PodAnnotations(job_, id_)}}) {
      const std::string begin = fmt::format("{}['", list);
      if (!field.starts_with(begin) || !field.ends_with("']")) continue;
      const auto found = values.find(field.substr(begin.size(), field.size() - begin.size() - 2));
      // Kubernetes gives an empty value for a label that is not there.
      return std::optional(found == values.end() ? "" : found->second);
    }
    return InvalidArgumentError("{}: the field {} has no value in a local run", what, field);
  }

  Result<std::optional<std::string>> Resource(const std::string& what,
                                              const spec::EnvVar& variable) const {
    const std::string& field = variable.resource_field;
    if (!variable.resource_container.empty() &&
        variable.resource_container != pod_.container.name) {
      return InvalidArgumentError("{}: container {} does not run here; its {} is not known", what,
                                  variable.resource_container, field);
    }
    const bool is_request = field.starts_with("requests.");
    const spec::ResourceLimits& resources =
        is_request ? pod_.container.requests : pod_.container.limits;
    double amount = 0;
    if (field == "limits.cpu" || field == "requests.cpu") {
      amount = resources.cpu.value_or(machine_.cores);
    } else if (field == "limits.memory" || field == "requests.memory") {
      amount = static_cast<double>(resources.memory_bytes.value_or(machine_.memory_bytes));
    } else {
      return InvalidArgumentError("{}: the resource {} has no value in a local run", what, field);
    }
    // A hair below, so that 0.3 / 0.1 is 3.
    const double units = std::ceil(amount / variable.resource_divisor - 1e-9);
    return std::optional(fmt::format("{}", static_cast<int64_t>(units)));
  }

  static std::string_view KindName(bool is_secret) { return is_secret ? "Secret" : "ConfigMap"; }

  const spec::TFJob& job_;
  const job::ReplicaId& id_;
  const spec::PodSpec& pod_;
  const spec::Objects& objects_;
  const Environment& own_;
  const Machine& machine_;
  ContainerVariables result_;
};

}  // namespace

Machine ThisMachine() {
  Machine machine;
  char name[256] = "";
  if (gethostname(name, sizeof(name) - 1) == 0) machine.host_name = name;
  machine.cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  machine.memory_bytes = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  return machine;
}

Status MissingObjectError(std::string_view what, std::string_view kind, std::string_view name,
                          std::string_view there_are) {
  return InvalidArgumentError(
      "{}: there is no {} \"{}\" in the job's file or in those given with it (there: {})", what,
      kind, name, there_are);
}

Result<ContainerVariables> BuildContainerVariables(const spec::TFJob& job, const job::ReplicaId& id,
                                                   const spec::Objects& objects,
                                                   const Environment& own, const Machine& machine) {
  return Builder(job, id, objects, own, machine).Build();
}

}  // namespace trainyard::local
