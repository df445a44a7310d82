#include "serving/frontends/rest/reports.h"

#include <google/protobuf/util/json_util.h>

#include "serving/json/layout.h"

namespace trainyard::serving {
namespace {

namespace api = ::tensorflow::serving;
namespace util = ::google::protobuf::util;

Result<std::string> ToJson(const ::google::protobuf::Message& message, bool keep_names) {
  util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = keep_names;
  std::string json;
  const auto status = util::MessageToJsonString(message, &json, options);
  if (!status.ok()) {
    return InternalError("Failed to convert proto to json. Error: {}", status.ToString());
  }
  return json;
}

api::GetModelStatusResponse StatusOf(const Catalogue& models, const std::string& name) {
  api::GetModelStatusRequest request;
  request.mutable_model_spec()->set_name(name);
  api::GetModelStatusResponse response;
  // A model without versions is an error there; here it has none to list.
  if (!models.DescribeVersions(request, &response).ok()) response.Clear();
  return response;
}

void WriteVersion(const api::ModelVersionStatus& version, JsonLayout* json) {
  json->StartObject();
  json->Key("version");
  json->String(std::to_string(version.version()));
  json->Key("state");
  json->String(api::ModelVersionStatus::State_Name(version.state()));
  json->Key("status");
  json->StartObject();
  json->Key("error_code");
  json->String(::tensorflow::error::Code_Name(version.status().error_code()));
  json->Key("error_message");
  json->String(version.status().error_message());
  json->EndObject();
  json->EndObject();
}

}  // namespace

Result<std::string> WriteStatus(const api::GetModelStatusResponse& response) {
  return ToJson(response, false);
}

Result<std::string> WriteMetadata(const Servable& servable) {
  api::ModelSpec spec;
  spec.set_name(servable.id().name);
  spec.mutable_version()->set_value(servable.id().version);
  ASSIGN_OR_RETURN(const std::string spec_json, ToJson(spec, true));
  ASSIGN_OR_RETURN(const std::string signatures, ToJson(servable.definitions(), true));
  return fmt::format("{{\n\"model_spec\":{},\n\"metadata\": {{\"signature_def\": {}}}\n}}\n",
                     spec_json, signatures);
}

std::string WriteModels(const Catalogue& models) {
  JsonLayout json;
  json.StartObject();
  json.Key("models");
  json.StartArray();
  for (const std::string& name : models.model_names()) {
    json.StartObject();
    json.Key("name");
    json.String(name);
    json.Key("model_version_status");
    json.StartArray();
    const api::GetModelStatusResponse status = StatusOf(models, name);
    for (const auto& version : status.model_version_status()) WriteVersion(version, &json);
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return std::move(*json.out()) + "\n";
}

}  // namespace trainyard::serving
