#include "spec/objects.h"

#include <optional>
#include <utility>

#include "spec/base64.h"
#include "spec/manifest.h"
#include "spec/metadata.h"
#include "spec/names.h"
#include "spec/reader.h"

namespace trainyard::spec {
namespace {

enum class Encoding { kText, kBase64 };

// Adds the values of one of an object's maps; a value that is there already is replaced.
Status ReadValues(const Reader& reader, const Node& root, std::string_view field, Encoding encoding,
                  KeyedValues* out) {
  std::map<std::string, std::string> values;
  RETURN_IF_ERROR(reader.StringMap(root, "", field, &values));
  for (auto& [key, value] : values) {
    const Node& place = *root.Find(field)->Find(key);
    const std::string path = JoinFields(field, key);
    if (!IsConfigKey(key)) {
      return reader.Fail(place, path,
                         "expected a key of letters, digits, \"-\", \"_\" and \".\" that does not "
                         "start with \"..\"");
    }
    if (encoding == Encoding::kBase64) {
      std::optional<std::string> bytes = DecodeBase64(value);
      if (!bytes) {
        return reader.Fail(place, path,
                           field == "data" ? "expected base64; plain text belongs under stringData"
                                           : "expected base64; plain text belongs under data");
      }
      value = *std::move(bytes);
    }
    (*out)[key] = std::move(value);
  }
  return OkStatus();
}

Result<KeyedValues> ReadConfigMap(const Reader& reader, const Node& root) {
  RETURN_IF_ERROR(reader.CheckKeys(
      root, "", {"apiVersion", "kind", "metadata", "data", "binaryData", "immutable"}));
  KeyedValues values;
  RETURN_IF_ERROR(ReadValues(reader, root, "data", Encoding::kText, &values));
  KeyedValues binary;
  RETURN_IF_ERROR(ReadValues(reader, root, "binaryData", Encoding::kBase64, &binary));
  for (auto& [key, bytes] : binary) {
    if (!values.emplace(key, std::move(bytes)).second) {
      return reader.Fail(*root.Find("binaryData")->Find(key), "binaryData." + key,
                         "stands under data, too; keep one of them");
    }
  }
  return values;
}

Result<KeyedValues> ReadSecret(const Reader& reader, const Node& root) {
  RETURN_IF_ERROR(reader.CheckKeys(
      root, "", {"apiVersion", "kind", "metadata", "data", "stringData", "type", "immutable"}));
  std::string type;
  RETURN_IF_ERROR(reader.String(root, "", "type", &type));
  KeyedValues values;
  RETURN_IF_ERROR(ReadValues(reader, root, "data", Encoding::kBase64, &values));
  // What stands in both is taken from here.
  RETURN_IF_ERROR(ReadValues(reader, root, "stringData", Encoding::kText, &values));
  return values;
}

}  // namespace

Status AddObject(const Reader& reader, const Manifest& manifest, Objects* objects) {
  const bool is_config_map = manifest.Is("v1", "ConfigMap");
  if (!is_config_map && !manifest.Is("v1", "Secret")) return OkStatus();
  const Node& root = *manifest.root;
  ASSIGN_OR_RETURN(const Metadata metadata, ReadMetadata(reader, root, ""));
  if (!IsDnsSubdomain(metadata.name)) {
    const Node* place = root.Find("metadata");
    return reader.Fail(place == nullptr ? root : *place, "metadata.name",
                       fmt::format("expected the {}'s name: lower-case letters, digits, \"-\" and "
                                   "\".\", found \"{}\"",
                                   manifest.kind, metadata.name.substr(0, 60)));
  }
  bool immutable = false;
  RETURN_IF_ERROR(reader.Bool(root, "", "immutable", &immutable));
  ASSIGN_OR_RETURN(KeyedValues values,
                   is_config_map ? ReadConfigMap(reader, root) : ReadSecret(reader, root));
  auto& by_name = is_config_map ? objects->config_maps : objects->secrets;
  by_name.emplace(metadata.name, std::move(values));
  return OkStatus();
}

Status AddObjects(std::string_view text, std::string_view file_name, Objects* objects) {
  const Reader reader(file_name);
  ASSIGN_OR_RETURN(std::vector<Node> documents, ParseYaml(text, file_name));
  ASSIGN_OR_RETURN(const std::vector<Manifest> manifests, FindManifests(reader, &documents));
  for (const Manifest& manifest : manifests) {
    RETURN_IF_ERROR(AddObject(reader, manifest, objects));
  }
  return OkStatus();
}

}  // namespace trainyard::spec
