#include "kube/resource.h"

#include "net/http.h"

namespace trainyard::kube {

std::string Path(const Resource& resource, std::string_view name_space, std::string_view name,
                 std::string_view subresource) {
  std::string path = resource.group.empty() ? "/api/" : "/apis/" + resource.group + "/";
  path += resource.version;
  if (resource.is_namespaced && !name_space.empty()) {
    path += "/namespaces/" + net::PercentEncode(name_space);
  }
  path += "/" + resource.plural;
  if (!name.empty()) path += "/" + net::PercentEncode(name);
  if (!subresource.empty()) path.append("/").append(subresource);
  return path;
}

std::string ToString(const Resource& resource) {
  std::string text = resource.plural + "." + resource.version;
  if (!resource.group.empty()) text += "." + resource.group;
  return text;
}

}  // namespace trainyard::kube
