#include "kube/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/files.h"
#include "kube/internal/base64.h"
#include "kube/internal/kubeconfig_merge.h"

namespace trainyard::kube {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::vector<std::string> SplitPaths(const std::string& list) {
  std::vector<std::string> paths;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(':', begin), list.size());
    std::string path = list.substr(begin, end - begin);
    if (!path.empty() && std::find(paths.begin(), paths.end(), path) == paths.end()) {
      paths.push_back(std::move(path));
    }
    begin = end + 1;
  }
  return paths;
}

// Where kubeconfig files may be, when none is named.
std::vector<std::string> UsualPaths() {
  if (const std::string list = Environment("KUBECONFIG"); !list.empty()) return SplitPaths(list);
  const std::string home = Environment("HOME");
  if (home.empty()) return {};
  return {JoinPath(home, ".kube/config")};
}

// Those of the files that exist.
Result<std::vector<ConfigFile>> ReadFiles(const std::vector<std::string>& paths) {
  std::vector<ConfigFile> files;
  for (const std::string& path : paths) {
    Result<std::string> text = ReadFile(path);
    if (text.ok()) {
      files.push_back({path, *std::move(text)});
    } else if (text.error().code() != StatusCode::kNotFound) {
      return text.error();
    }
  }
  return files;
}

Status NothingFound(const std::vector<std::string>& paths) {
  std::string looked;
  for (const std::string& path : paths) looked += path + ", ";
  return NotFoundError(
      "no Kubernetes configuration: looked at {}and for a pod's service account; set KUBECONFIG to "
      "a kubeconfig file",
      looked);
}

Result<Config> FromFiles(const std::vector<ConfigFile>& files, const ConfigChoice& choice) {
  ASSIGN_OR_RETURN(Config config, ParseConfig(files, choice));
  RETURN_IF_ERROR(ReadReferencedFiles(&config));
  return config;
}

Status ReadInto(std::string_view what, const std::string& path, std::string* text) {
  if (path.empty()) return OkStatus();
  Result<std::string> content = ReadFile(path);
  if (!content.ok()) {
    // A file that a kubeconfig names and that is not there is a mistake in the kubeconfig; NotFound
    // would say that there is no configuration.
    const StatusCode code = content.error().code() == StatusCode::kNotFound
                                ? StatusCode::kInvalidArgument
                                : content.error().code();
    return Status(code, fmt::format("{}: {}", what, content.error().message()));
  }
  if (Trim(*content).empty()) return InvalidArgumentError("{}: {} is empty", what, path);
  *text = *std::move(content);
  return OkStatus();
}

}  // namespace

Status ReadReferencedFiles(Config* config) {
  RETURN_IF_ERROR(ReadInto("certificate-authority", config->ca_file, &config->ca_pem));
  RETURN_IF_ERROR(
      ReadInto("client-certificate", config->client_cert_file, &config->client_cert_pem));
  RETURN_IF_ERROR(ReadInto("client-key", config->client_key_file, &config->client_key_pem));
  std::string token;
  RETURN_IF_ERROR(ReadInto("tokenFile", config->token_file, &token));
  if (config->exec.provide_cluster_info && !config->ca_pem.empty()) {
    config->exec.cluster_info["certificate-authority-data"] = EncodeBase64(config->ca_pem);
  }
  return OkStatus();
}

Result<Config> LoadConfig(const ConfigChoice& choice) {
  if (!choice.kubeconfig.empty()) {
    ASSIGN_OR_RETURN(std::string text, ReadFile(choice.kubeconfig));
    return FromFiles({{choice.kubeconfig, std::move(text)}}, choice);
  }
  const std::vector<std::string> paths = UsualPaths();
  ASSIGN_OR_RETURN(const std::vector<ConfigFile> files, ReadFiles(paths));
  ASSIGN_OR_RETURN(const MergedKubeconfig merged, MergeKubeconfigs(files));
  // An empty file, such as editors and installers leave behind, is as good as none.
  if (!merged.empty()) return FromFiles(files, choice);
  Result<Config> config = LoadInClusterConfig();
  if (!config.ok() && config.error().code() == StatusCode::kNotFound) return NothingFound(paths);
  RETURN_IF_ERROR(config.status());
  if (!choice.context.empty()) {
    return InvalidArgumentError("there is no context \"{}\": no kubeconfig, only the pod's account",
                                choice.context);
  }
  if (!choice.name_space.empty()) config->name_space = choice.name_space;
  return config;
}

Result<Config> LoadInClusterConfig(const std::string& directory) {
  const std::string host = Environment("KUBERNETES_SERVICE_HOST");
  const std::string port = Environment("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return NotFoundError(
        "not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
  }
  Config config;
  const bool is_ipv6 = host.find(':') != std::string::npos && !host.starts_with('[');
  config.server = fmt::format("https://{}:{}", is_ipv6 ? "[" + host + "]" : host, port);
  config.token_file = JoinPath(directory, "token");
  config.ca_file = JoinPath(directory, "ca.crt");
  if (!PathExists(config.token_file)) {
    return NotFoundError(
        "the pod has no service account: {} is not there (automountServiceAccountToken?)",
        config.token_file);
  }
  RETURN_IF_ERROR(ReadReferencedFiles(&config));
  const Result<std::string> name_space = ReadFile(JoinPath(directory, "namespace"));
  if (name_space.ok() && !Trim(*name_space).empty()) config.name_space = Trim(*name_space);
  return config;
}

}  // namespace trainyard::kube
