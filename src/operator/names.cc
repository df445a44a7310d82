#include "operator/names.h"

#include <fmt/format.h>

#include <charconv>

#include "job/event.h"

namespace trainyard::operators {

using spec::ReplicaType;

std::string OwnedSelector() { return fmt::format("{}={}", kOperatorNameLabel, kOperatorName); }

std::string JobSelector(std::string_view job_name) {
  return fmt::format("{},{}={}", OwnedSelector(), kJobNameLabel, job_name);
}

Labels ReplicaLabels(const spec::TFJob& job, const job::ReplicaId& id) {
  return {{std::string(kOperatorNameLabel), std::string(kOperatorName)},
          {std::string(kJobNameLabel), job.name},
          {std::string(kReplicaTypeLabel), std::string(spec::TaskTypeName(id.type))},
          {std::string(kReplicaIndexLabel), std::to_string(id.index)}};
}

std::optional<job::ReplicaId> ReadReplicaId(const kube::Json& object) {
  const auto type = spec::ToReplicaType(kube::Label(object, kReplicaTypeLabel));
  const std::string index = kube::Label(object, kReplicaIndexLabel);
  job::ReplicaId id;
  const char* end = index.data() + index.size();
  const auto [rest, error] = std::from_chars(index.data(), end, id.index);
  if (!type || error != std::errc() || rest != end || id.index < 0) return std::nullopt;
  id.type = *type;
  return id;
}

bool HasMasterRole(const spec::TFJob& job, const job::ReplicaId& id) {
  if (id.type == ReplicaType::kChief || id.type == ReplicaType::kMaster) return true;
  return id.type == ReplicaType::kWorker && id.index == 0 && !job.Has(ReplicaType::kChief) &&
         !job.Has(ReplicaType::kMaster);
}

kube::Json OwnerReferences(const spec::TFJob& job) {
  return kube::Json::array({{{"apiVersion", kTFJobs.api_version()},
                             {"kind", "TFJob"},
                             {"name", job.name},
                             {"uid", job.uid},
                             {"controller", true},
                             {"blockOwnerDeletion", true}}});
}

std::string ReplicaAddress(const spec::TFJob& job, const job::ReplicaId& id,
                           std::string_view cluster_domain) {
  const auto replica = job.replicas.find(id.type);
  const int port = replica == job.replicas.end() ? spec::kDefaultTensorFlowPort
                                                 : spec::TensorFlowPort(replica->second);
  return fmt::format("{}.{}.svc{}{}:{}", job::PodName(job, id), job.name_space,
                     cluster_domain.empty() ? "" : ".", cluster_domain, port);
}

}  // namespace trainyard::operators
