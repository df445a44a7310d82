// Several kubeconfig files seen as one, before any context is picked.
//
// As `kubectl` does: the first file that names a cluster, user or context defines all of it, later
// ones are not looked at; the first current-context holds. Entries stay trees, so that complaints
// about them can say file, line and column.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/status.h"
#include "kube/config.h"

namespace trainyard::kube {

// A cluster, user or context, and the file it stands in.
struct KubeconfigEntry {
  std::string file{};
  Node value{};
};

struct MergedKubeconfig {
  std::map<std::string, KubeconfigEntry, std::less<>> clusters{};
  std::map<std::string, KubeconfigEntry, std::less<>> users{};
  std::map<std::string, KubeconfigEntry, std::less<>> contexts{};
  std::string current_context{};
  KubeconfigEntry current_context_node{};  // where it stands

  bool empty() const { return clusters.empty() && users.empty() && contexts.empty(); }
};

// InvalidArgument `file:line:column: why`. A file without content counts as one without entries.
Result<MergedKubeconfig> MergeKubeconfigs(const std::vector<ConfigFile>& files);

// Reads of a map node, with complaints that name the place. An absent or null member reads as
// empty.
class FieldReader {
 public:
  FieldReader(std::string_view file, const Node& map) : file_(file), map_(map) {}

  Result<std::string> String(std::string_view key) const;
  Result<bool> Bool(std::string_view key) const;
  Result<std::vector<std::string>> Strings(std::string_view key) const;
  // The decoded bytes of a base64 member.
  Result<std::string> Bytes(std::string_view key) const;
  // The member, which has to be a map (or list); null if it is absent or null.
  Result<const Node*> Map(std::string_view key) const;
  Result<const Node*> List(std::string_view key) const;

  // A complaint about the member, or about the map if it has none of that name.
  Status Complain(std::string_view key, std::string_view message) const;

 private:
  std::string_view file_;
  const Node& map_;
};

}  // namespace trainyard::kube
