#include "serving/models/model_status.h"

namespace trainyard::serving {
namespace {

using ::tensorflow::serving::ModelVersionStatus;

ModelVersionStatus::State ToProto(VersionState state) {
  switch (state) {
    case VersionState::kStart:
      return ModelVersionStatus::START;
    case VersionState::kLoading:
      return ModelVersionStatus::LOADING;
    case VersionState::kAvailable:
      return ModelVersionStatus::AVAILABLE;
    case VersionState::kUnloading:
      return ModelVersionStatus::UNLOADING;
    case VersionState::kEnd:
      return ModelVersionStatus::END;
  }
  return ModelVersionStatus::UNKNOWN;
}

void FillStatus(int64_t version, const VersionReport& report, ModelVersionStatus* status) {
  status->set_version(version);
  status->set_state(ToProto(report.state));
  status->mutable_status()->set_error_code(
      static_cast<::tensorflow::error::Code>(report.status.code()));
  status->mutable_status()->set_error_message(report.status.message());
}

}  // namespace

Status DescribeVersions(const std::string& model, const std::map<int64_t, VersionReport>& reports,
                        const ::tensorflow::serving::GetModelStatusRequest& request,
                        ::tensorflow::serving::GetModelStatusResponse* response) {
  if (!request.has_model_spec()) return InvalidArgumentError("Missing ModelSpec");
  const auto& spec = request.model_spec();
  const bool known = spec.name() == model;
  if (spec.has_version()) {
    const int64_t version = spec.version().value();
    const auto report = reports.find(version);
    if (!known || report == reports.end()) {
      return NotFoundError("Could not find version {} of model {}", version, spec.name());
    }
    FillStatus(version, report->second, response->add_model_version_status());
    return OkStatus();
  }
  if (!known || reports.empty()) {
    return NotFoundError("Could not find any versions of model {}", spec.name());
  }
  for (auto report = reports.rbegin(); report != reports.rend(); ++report) {
    FillStatus(report->first, report->second, response->add_model_version_status());
  }
  return OkStatus();
}

}  // namespace trainyard::serving
