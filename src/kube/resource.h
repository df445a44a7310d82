// Where an API server keeps its objects: group, version and plural name, and the paths made of
// them. Pure, thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace trainyard::kube {

struct Resource {
  std::string group{};  // empty: the core group
  std::string version = "v1";
  std::string plural{};  // "pods", "tfjobs"
  bool is_namespaced = true;

  std::string api_version() const { return group.empty() ? version : group + "/" + version; }

  friend bool operator==(const Resource&, const Resource&) = default;
};

// "/api/v1/namespaces/team/pods/p/log". An empty namespace means all of them (or a resource that
// has none), an empty name the collection. Parts are percent-encoded.
std::string Path(const Resource& resource, std::string_view name_space, std::string_view name = {},
                 std::string_view subresource = {});

// "pods.v1", "tfjobs.v1.kubeflow.org": for messages and metrics.
std::string ToString(const Resource& resource);

inline const Resource kPods{.plural = "pods"};
inline const Resource kServices{.plural = "services"};
inline const Resource kNodes{.plural = "nodes", .is_namespaced = false};
inline const Resource kNamespaces{.plural = "namespaces", .is_namespaced = false};
inline const Resource kEvents{.group = "events.k8s.io", .plural = "events"};
inline const Resource kLeases{.group = "coordination.k8s.io", .plural = "leases"};

}  // namespace trainyard::kube
