#include "kube/internal/kubeconfig_merge.h"

#include <fmt/format.h>

#include <utility>

#include "kube/document_json.h"
#include "kube/internal/base64.h"

namespace trainyard::kube {
namespace {

using Entries = std::map<std::string, KubeconfigEntry, std::less<>>;

// Adds the entries of one list ("clusters": name and "cluster") that are not known yet.
Status AddEntries(const std::string& file, const Node& root, std::string_view list_key,
                  std::string_view value_key, Entries* merged) {
  ASSIGN_OR_RETURN(const Node* list, FieldReader(file, root).List(list_key));
  if (list == nullptr) return OkStatus();
  Entries added;
  for (const Node& item : list->items) {
    if (!item.is_map()) {
      return ErrorAt(file, item.line, item.column,
                     fmt::format("an entry of {} must be a map with name and {}, not {}", list_key,
                                 value_key, item.Describe()));
    }
    const FieldReader fields(file, item);
    ASSIGN_OR_RETURN(const std::string name, fields.String("name"));
    ASSIGN_OR_RETURN(const Node* value, fields.Map(value_key));
    Node content;
    content.kind = Node::Kind::kMap;
    content.line = item.line;
    content.column = item.column;
    if (value != nullptr) content = *value;
    if (!added.emplace(name, KubeconfigEntry{file, std::move(content)}).second) {
      return fields.Complain("name", fmt::format("\"{}\" stands twice in {}", name, list_key));
    }
  }
  merged->merge(added);  // keeps those that are there already
  return OkStatus();
}

Status CheckType(const std::string& file, const Node& root) {
  const FieldReader fields(file, root);
  ASSIGN_OR_RETURN(const std::string version, fields.String("apiVersion"));
  ASSIGN_OR_RETURN(const std::string kind, fields.String("kind"));
  if (!kind.empty() && kind != "Config") {
    return fields.Complain("kind", fmt::format("\"{}\" is no kubeconfig (kind: Config)", kind));
  }
  if (!version.empty() && version != "v1") {
    return fields.Complain("apiVersion", fmt::format("\"{}\" is not known, only v1", version));
  }
  return OkStatus();
}

Status AddFile(const ConfigFile& file, MergedKubeconfig* merged) {
  ASSIGN_OR_RETURN(const std::vector<Node> documents, ParseYaml(file.text, file.path));
  if (documents.empty() || documents.front().is_null()) return OkStatus();
  const Node& root = documents.front();
  if (!root.is_map()) {
    return ErrorAt(file.path, root.line, root.column,
                   fmt::format("a kubeconfig is a map, not {}", root.Describe()));
  }
  RETURN_IF_ERROR(CheckType(file.path, root));
  RETURN_IF_ERROR(AddEntries(file.path, root, "clusters", "cluster", &merged->clusters));
  RETURN_IF_ERROR(AddEntries(file.path, root, "users", "user", &merged->users));
  RETURN_IF_ERROR(AddEntries(file.path, root, "contexts", "context", &merged->contexts));
  if (!merged->current_context.empty()) return OkStatus();
  ASSIGN_OR_RETURN(merged->current_context, FieldReader(file.path, root).String("current-context"));
  if (!merged->current_context.empty()) {
    merged->current_context_node = {file.path, *root.Find("current-context")};
  }
  return OkStatus();
}

}  // namespace

Result<MergedKubeconfig> MergeKubeconfigs(const std::vector<ConfigFile>& files) {
  MergedKubeconfig merged;
  for (const ConfigFile& file : files) RETURN_IF_ERROR(AddFile(file, &merged));
  return merged;
}

Result<std::string> FieldReader::String(std::string_view key) const {
  const Node* node = map_.Find(key);
  if (node == nullptr || node->is_null()) return std::string();
  if (node->kind == Node::Kind::kString) return node->text;
  // Not node->Describe(): a token or password of digits only must not come into a message.
  if (node->is_map() || node->is_list()) {
    return Complain(key, fmt::format("{} must be text", key));
  }
  return Complain(key, fmt::format("{} must be text: put it into quotes", key));
}

Result<bool> FieldReader::Bool(std::string_view key) const {
  const Node* node = map_.Find(key);
  if (node == nullptr || node->is_null()) return false;
  if (node->kind != Node::Kind::kBool) {
    return Complain(key, fmt::format("{} must be true or false, not {}", key, node->Describe()));
  }
  return ToJson(*node).get<bool>();
}

Result<std::vector<std::string>> FieldReader::Strings(std::string_view key) const {
  std::vector<std::string> texts;
  ASSIGN_OR_RETURN(const Node* list, List(key));
  if (list == nullptr) return texts;
  for (const Node& item : list->items) {
    if (item.kind != Node::Kind::kString) {
      return ErrorAt(file_, item.line, item.column,
                     fmt::format("an entry of {} must be text: put it into quotes", key));
    }
    texts.push_back(item.text);
  }
  return texts;
}

Result<std::string> FieldReader::Bytes(std::string_view key) const {
  ASSIGN_OR_RETURN(const std::string text, String(key));
  std::optional<std::string> bytes = DecodeBase64(text);
  if (!bytes) return Complain(key, fmt::format("{} is not base64", key));
  return *std::move(bytes);
}

Result<const Node*> FieldReader::Map(std::string_view key) const {
  const Node* node = map_.Find(key);
  if (node == nullptr || node->is_null()) return nullptr;
  if (!node->is_map()) return Complain(key, fmt::format("{} must be a map", key));
  return node;
}

Result<const Node*> FieldReader::List(std::string_view key) const {
  const Node* node = map_.Find(key);
  if (node == nullptr || node->is_null()) return nullptr;
  if (!node->is_list()) return Complain(key, fmt::format("{} must be a list", key));
  return node;
}

Status FieldReader::Complain(std::string_view key, std::string_view message) const {
  const Node* node = map_.Find(key);
  if (node == nullptr) node = &map_;
  return ErrorAt(file_, node->line, node->column, message);
}

}  // namespace trainyard::kube
