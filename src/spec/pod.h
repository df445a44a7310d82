// The part of a Kubernetes pod that decides how a replica runs: its one important container, and
// the volumes it sees.
//
// Plain values; thread-compatible. Read by spec/pod_template.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trainyard::spec {

// One key of a ConfigMap or Secret; `optional` makes its absence no mistake.
struct KeyRef {
  std::string object;
  std::string key;
  bool optional = false;

  friend bool operator==(const KeyRef&, const KeyRef&) = default;
};

// A variable's value may refer to earlier ones as $(NAME). At most one source beside `value`.
struct EnvVar {
  std::string name;
  std::string value;
  std::string field_path;          // "metadata.name" and the like: a field of the pod
  std::string resource_field;      // "limits.cpu" and the like: a resource of the container
  double resource_divisor = 1;     // the unit that the resource is given in, rounded up
  std::string resource_container;  // whose resource; empty: the container's own
  std::optional<KeyRef> config_map_key;
  std::optional<KeyRef> secret_key;
  std::string other_source;  // the name of a source that we do not know

  friend bool operator==(const EnvVar&, const EnvVar&) = default;
};

// Every key of a ConfigMap or Secret as a variable, `prefix` before its name.
struct EnvFrom {
  enum class Kind { kConfigMap, kSecret };
  Kind kind = Kind::kConfigMap;
  std::string object;
  std::string prefix;
  bool optional = false;

  friend bool operator==(const EnvFrom&, const EnvFrom&) = default;
};

struct ContainerPort {
  std::string name;
  int port = 0;

  friend bool operator==(const ContainerPort&, const ContainerPort&) = default;
};

struct VolumeMount {
  std::string volume;         // the Volume's name
  std::string mount_path;     // absolute, in the container
  std::string sub_path;       // below the volume's root
  std::string sub_path_expr;  // instead of sub_path: with $(NAME) of the container's variables
  bool read_only = false;

  friend bool operator==(const VolumeMount&, const VolumeMount&) = default;
};

struct Volume {
  // kOther: a kind that only a cluster can provide; `source` names it ("csi").
  enum class Kind { kEmptyDir, kClaim, kConfigMap, kSecret, kHostPath, kNfs, kOther };
  std::string name;
  Kind kind = Kind::kEmptyDir;
  std::string source;  // name of the claim, ConfigMap or Secret; path on the host; "server:/path"
  std::map<std::string, std::string> items;  // key to file name; empty: every key
  bool optional = false;

  friend bool operator==(const Volume&, const Volume&) = default;
};

struct ResourceLimits {
  std::optional<double> cpu;  // cores
  std::optional<int64_t> memory_bytes;

  friend bool operator==(const ResourceLimits&, const ResourceLimits&) = default;
};

// The container named "tensorflow", the one that decides a replica's fate (of a batch/v1 Job: its
// first container).
struct Container {
  std::string name = "tensorflow";
  std::string image;
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::vector<EnvFrom> env_from;
  std::vector<EnvVar> env;
  std::string working_dir;
  std::vector<ContainerPort> ports;
  std::vector<VolumeMount> volume_mounts;
  ResourceLimits limits;
  ResourceLimits requests;  // the limits, where the file says no more

  friend bool operator==(const Container&, const Container&) = default;
};

// A pod template as far as it matters to a replica.
struct PodSpec {
  Container container;
  std::vector<Volume> volumes;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  int termination_grace_seconds = 30;  // between TERM and KILL
  // Fields of the file that only a kubelet can honour, as a person wrote them: "livenessProbe",
  // "lifecycle.preStop", "initContainers", "container sidecar".
  std::vector<std::string> cluster_only;
  // The template sets a restartPolicy of its own, which the replica's replaces. Never in the
  // formats where the template's is the one that counts (v1alpha1, batch/v1).
  bool has_own_restart_policy = false;

  friend bool operator==(const PodSpec&, const PodSpec&) = default;
};

}  // namespace trainyard::spec
