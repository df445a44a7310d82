#include "spec/overrides.h"

#include <charconv>
#include <optional>
#include <vector>

namespace trainyard::spec {
namespace {

struct Setting {
  std::vector<std::string> path;
  std::string value;
};

Result<Setting> Split(std::string_view override) {
  const size_t equals = override.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return InvalidArgumentError(
        "--set {}: expected key=value, for example Worker.replicas=4 or args.max_steps=100",
        override);
  }
  Setting setting{.path = {}, .value = std::string(override.substr(equals + 1))};
  std::string_view rest = override.substr(0, equals);
  while (true) {
    const size_t dot = rest.find('.');
    setting.path.emplace_back(rest.substr(0, dot));
    if (setting.path.back().empty()) {
      return InvalidArgumentError("--set {}: a part of the key is empty", override);
    }
    if (dot == std::string_view::npos) return setting;
    rest = rest.substr(dot + 1);
  }
}

// Where `args` stands in the path, if this is an argument override.
std::optional<size_t> ArgsPosition(const std::vector<std::string>& path) {
  if (path.size() == 2 && path[0] == "args") return 0;
  if (path.size() == 3 && path[1] == "args" && ToReplicaType(path[0])) return 1;
  return std::nullopt;
}

// A replica type may be written in any letter case.
Node* FindMember(Node* map, const std::string& key) {
  if (Node* exact = map->Find(key)) return exact;
  const auto type = ToReplicaType(key);
  if (!type) return nullptr;
  for (Node::Member& member : map->members) {
    if (ToReplicaType(member.key) == type) return &member.value;
  }
  return nullptr;
}

// Follows `name[0][1]`'s brackets from a list node.
Result<Node*> FollowIndices(std::string_view override, std::string_view brackets, Node* node) {
  while (!brackets.empty()) {
    const size_t close = brackets.find(']');
    size_t index = 0;
    bool is_number = false;
    if (brackets.front() == '[' && close != std::string_view::npos) {
      const auto [end, error] =
          std::from_chars(brackets.data() + 1, brackets.data() + close, index);
      is_number = error == std::errc() && end == brackets.data() + close;
    }
    if (!is_number) return InvalidArgumentError("--set {}: expected [number] in the key", override);
    if (!node->is_list() || index >= node->items.size()) {
      return InvalidArgumentError("--set {}: there is no element [{}]", override, index);
    }
    node = &node->items[index];
    brackets = brackets.substr(close + 1);
  }
  return node;
}

Result<Node*> Step(std::string_view override, const std::string& part, Node* node) {
  const size_t bracket = part.find('[');
  const std::string key = part.substr(0, bracket);
  if (node->is_null()) node->kind = Node::Kind::kMap;
  if (!node->is_map()) {
    return InvalidArgumentError("--set {}: \"{}\" cannot be set in {}", override, key,
                                node->Describe());
  }
  Node* next = FindMember(node, key);
  if (next == nullptr) {
    node->members.push_back({key, Node(), 0, 0});
    next = &node->members.back().value;
  }
  return bracket == std::string::npos
             ? Result<Node*>(next)
             : FollowIndices(override, std::string_view(part).substr(bracket), next);
}

// Where a replica type that starts the path stands in the document.
Result<std::vector<std::string>> PathOfReplica(std::string_view override, const Node& root,
                                               std::vector<std::string> path) {
  const Node* kind = root.Find("kind");
  if (kind != nullptr && kind->text == "Job") {
    return InvalidArgumentError(
        "--set {}: a batch/v1 Job has no replica types; set spec.completions or spec.parallelism",
        override);
  }
  const Node* spec = root.Find("spec");
  const Node* list = spec == nullptr ? nullptr : spec->Find("replicaSpecs");
  if (list == nullptr || !list->is_list()) {
    path.insert(path.begin(), {"spec", "tfReplicaSpecs"});
    return path;
  }
  for (size_t i = 0; i < list->items.size(); ++i) {
    const Node* type = list->items[i].Find("tfReplicaType");
    if (ToReplicaType(type == nullptr ? "MASTER" : type->text) != ToReplicaType(path.front())) {
      continue;
    }
    path.front() = fmt::format("replicaSpecs[{}]", i);
    path.insert(path.begin(), "spec");
    return path;
  }
  return InvalidArgumentError("--set {}: the job has no replica of type {}", override,
                              path.front());
}

void SetFlag(const std::string& flag, const std::string& value, std::vector<std::string>* args) {
  const std::string name = "--" + flag;
  for (size_t i = 0; i < args->size(); ++i) {
    std::string& arg = (*args)[i];
    if (arg.starts_with(name + "=")) {
      arg = name + "=" + value;
      return;
    }
    if (arg == name && i + 1 < args->size() && !(*args)[i + 1].starts_with("--")) {
      (*args)[i + 1] = value;
      return;
    }
  }
  args->push_back(name + "=" + value);
}

}  // namespace

Status ApplyToDocument(std::string_view override, Node* root) {
  ASSIGN_OR_RETURN(Setting setting, Split(override));
  if (ArgsPosition(setting.path)) return OkStatus();
  std::vector<std::string> path = setting.path;
  if (ToReplicaType(path.front())) {
    ASSIGN_OR_RETURN(path, PathOfReplica(override, *root, std::move(path)));
  } else if (path.front() != "spec" && path.front() != "metadata") {
    return InvalidArgumentError(
        "--set {}: the key must start with spec, metadata, args or a replica type", override);
  }
  Node* node = root;
  for (const std::string& part : path) {
    ASSIGN_OR_RETURN(node, Step(override, part, node));
  }
  // Read as YAML, so that quotes and [lists, like, this] work.
  ASSIGN_OR_RETURN(const std::vector<Node> value,
                   ParseYaml(setting.value, "--set " + std::string(override)));
  *node = value.size() == 1 ? value.front() : Node();
  node->line = 0;
  return OkStatus();
}

Status ApplyToArguments(std::string_view override, TFJob* job) {
  ASSIGN_OR_RETURN(const Setting setting, Split(override));
  const std::optional<size_t> position = ArgsPosition(setting.path);
  if (!position) return OkStatus();
  std::optional<ReplicaType> only;
  if (*position == 1) {
    only = ToReplicaType(setting.path[0]);
    if (!job->Has(*only)) {
      return InvalidArgumentError("--set {}: the job has no replica of type {}", override,
                                  setting.path[0]);
    }
  }
  for (auto& [type, replica] : job->replicas) {
    if (!only || *only == type)
      SetFlag(setting.path.back(), setting.value, &replica.pod.container.args);
  }
  return OkStatus();
}

}  // namespace trainyard::spec
