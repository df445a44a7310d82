// ParseConfig(): from merged kubeconfig files to the Config of one context.
#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "kube/config.h"
#include "kube/document_json.h"
#include "kube/internal/base64.h"
#include "kube/internal/kubeconfig_merge.h"

namespace trainyard::kube {
namespace {

using Entries = std::map<std::string, KubeconfigEntry, std::less<>>;

// The name under which clusters keep configuration for credential plugins.
constexpr char kExecExtension[] = "client.authentication.k8s.io/exec";

std::string Resolve(const std::string& file, const std::string& path) {
  const std::filesystem::path wanted(path);
  if (path.empty() || wanted.is_absolute()) return path;
  return (std::filesystem::path(file).parent_path() / wanted).lexically_normal().string();
}

std::string NamesOf(const Entries& entries) {
  std::string names;
  for (const auto& [name, entry] : entries) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "none is defined" : "defined: " + names;
}

// The base URL without a slash at the end; without a scheme, https if there is anything about TLS.
Result<std::string> ServerUrl(const FieldReader& fields, bool mentions_tls) {
  ASSIGN_OR_RETURN(std::string server, fields.String("server"));
  if (server.empty()) return fields.Complain("server", "the cluster has no server");
  if (server.find("://") == std::string::npos) {
    server.insert(0, mentions_tls ? "https://" : "http://");
  }
  while (server.ends_with('/')) server.pop_back();
  const size_t host = server.starts_with("https://")  ? 8
                      : server.starts_with("http://") ? 7
                                                      : std::string::npos;
  if (host == std::string::npos || server.size() <= host ||
      server.find_first_of("?#@ \t\r\n") != std::string::npos) {
    return fields.Complain("server", "server must be like https://host:port");
  }
  return server;
}

Status ReadCluster(const KubeconfigEntry& entry, Config* config) {
  const FieldReader fields(entry.file, entry.value);
  ASSIGN_OR_RETURN(config->ca_pem, fields.Bytes("certificate-authority-data"));
  if (config->ca_pem.empty()) {
    ASSIGN_OR_RETURN(const std::string path, fields.String("certificate-authority"));
    config->ca_file = Resolve(entry.file, path);
  }
  ASSIGN_OR_RETURN(config->tls_server_name, fields.String("tls-server-name"));
  ASSIGN_OR_RETURN(config->insecure_skip_tls_verify, fields.Bool("insecure-skip-tls-verify"));
  ASSIGN_OR_RETURN(config->proxy_url, fields.String("proxy-url"));
  const bool has_ca = !config->ca_pem.empty() || !config->ca_file.empty();
  if (has_ca && config->insecure_skip_tls_verify) {
    return fields.Complain("insecure-skip-tls-verify",
                           "insecure-skip-tls-verify and a certificate-authority exclude each "
                           "other");
  }
  ASSIGN_OR_RETURN(config->server, ServerUrl(fields, has_ca || config->insecure_skip_tls_verify ||
                                                         !config->tls_server_name.empty()));
  return OkStatus();
}

// `spec.cluster` of KUBERNETES_EXEC_INFO; the CA's text is added by ReadReferencedFiles() if it is
// in a file.
Result<Json> ClusterInfo(const KubeconfigEntry& cluster, const Config& config) {
  Json info = {{"server", config.server}};
  if (!config.ca_pem.empty()) info["certificate-authority-data"] = EncodeBase64(config.ca_pem);
  if (!config.tls_server_name.empty()) info["tls-server-name"] = config.tls_server_name;
  if (config.insecure_skip_tls_verify) info["insecure-skip-tls-verify"] = true;
  if (!config.proxy_url.empty()) info["proxy-url"] = config.proxy_url;
  const FieldReader fields(cluster.file, cluster.value);
  ASSIGN_OR_RETURN(const bool no_compression, fields.Bool("disable-compression"));
  if (no_compression) info["disable-compression"] = true;
  ASSIGN_OR_RETURN(const Node* extensions, fields.List("extensions"));
  if (extensions == nullptr) return info;
  for (const Node& extension : extensions->items) {
    const Node* name = extension.Find("name");
    const Node* value = extension.Find("extension");
    if (name != nullptr && value != nullptr && name->text == kExecExtension) {
      info["config"] = ToJson(*value);
    }
  }
  return info;
}

Result<std::vector<std::pair<std::string, std::string>>> ReadEnvironment(
    const std::string& file, const FieldReader& fields) {
  std::vector<std::pair<std::string, std::string>> environment;
  ASSIGN_OR_RETURN(const Node* list, fields.List("env"));
  if (list == nullptr) return environment;
  for (const Node& item : list->items) {
    const FieldReader variable(file, item);
    ASSIGN_OR_RETURN(std::string name, variable.String("name"));
    ASSIGN_OR_RETURN(std::string value, variable.String("value"));
    if (name.empty() || name.find('=') != std::string::npos) {
      return variable.Complain("name", "an entry of env needs a name (without \"=\")");
    }
    environment.emplace_back(std::move(name), std::move(value));
  }
  return environment;
}

Result<ExecPlugin> ReadExecPlugin(const std::string& file, const Node& node) {
  const FieldReader fields(file, node);
  ExecPlugin plugin;
  ASSIGN_OR_RETURN(plugin.api_version, fields.String("apiVersion"));
  const bool is_v1 = plugin.api_version == "client.authentication.k8s.io/v1";
  if (!is_v1 && plugin.api_version != "client.authentication.k8s.io/v1beta1") {
    return fields.Complain("apiVersion",
                           fmt::format("the plugin's apiVersion must be "
                                       "client.authentication.k8s.io/v1 or v1beta1, not \"{}\"",
                                       plugin.api_version));
  }
  ASSIGN_OR_RETURN(plugin.command, fields.String("command"));
  if (plugin.command.empty()) return fields.Complain("command", "the plugin has no command");
  // A bare name is looked for in PATH; anything else is a path.
  if (plugin.command.find('/') != std::string::npos) {
    plugin.command = Resolve(file, plugin.command);
    if (plugin.command.find('/') == std::string::npos) plugin.command.insert(0, "./");
  }
  ASSIGN_OR_RETURN(plugin.args, fields.Strings("args"));
  ASSIGN_OR_RETURN(plugin.env, ReadEnvironment(file, fields));
  ASSIGN_OR_RETURN(plugin.install_hint, fields.String("installHint"));
  ASSIGN_OR_RETURN(plugin.provide_cluster_info, fields.Bool("provideClusterInfo"));
  ASSIGN_OR_RETURN(const std::string mode, fields.String("interactiveMode"));
  if (mode.empty() && is_v1) {
    return fields.Complain("interactiveMode", "v1 plugins must say their interactiveMode");
  }
  if (!mode.empty() && mode != "Never" && mode != "IfAvailable" && mode != "Always") {
    return fields.Complain("interactiveMode",
                           fmt::format("interactiveMode must be Never, IfAvailable or Always, "
                                       "not \"{}\"",
                                       mode));
  }
  if (!mode.empty()) plugin.interactive_mode = mode;
  return plugin;
}

Status ReadCertificate(const KubeconfigEntry& entry, Config* config) {
  const FieldReader fields(entry.file, entry.value);
  ASSIGN_OR_RETURN(config->client_cert_pem, fields.Bytes("client-certificate-data"));
  ASSIGN_OR_RETURN(config->client_key_pem, fields.Bytes("client-key-data"));
  if (config->client_cert_pem.empty()) {
    ASSIGN_OR_RETURN(const std::string path, fields.String("client-certificate"));
    config->client_cert_file = Resolve(entry.file, path);
  }
  if (config->client_key_pem.empty()) {
    ASSIGN_OR_RETURN(const std::string path, fields.String("client-key"));
    config->client_key_file = Resolve(entry.file, path);
  }
  const bool has_cert = !config->client_cert_pem.empty() || !config->client_cert_file.empty();
  const bool has_key = !config->client_key_pem.empty() || !config->client_key_file.empty();
  if (has_cert != has_key) {
    return fields.Complain(
        has_cert ? "client-certificate" : "client-key",
        has_cert ? "a client certificate without its key" : "a client key without its certificate");
  }
  return OkStatus();
}

// The providers that were built into clients have gone, each to a plugin. Of OpenID Connect an
// id-token that is there already is used as long as it lasts; it is not renewed.
Status ReadAuthProvider(const KubeconfigEntry& entry, const Node& provider, Config* config) {
  const FieldReader fields(entry.file, provider);
  ASSIGN_OR_RETURN(const std::string name, fields.String("name"));
  if (name == "oidc") {
    ASSIGN_OR_RETURN(const Node* settings, fields.Map("config"));
    if (settings != nullptr) {
      ASSIGN_OR_RETURN(config->token, FieldReader(entry.file, *settings).String("id-token"));
    }
    if (!config->token.empty()) return OkStatus();
    return fields.Complain("name",
                           "the oidc auth-provider has no id-token: log in again, or use a "
                           "credential plugin (users[].user.exec)");
  }
  return fields.Complain("name", fmt::format("the auth-provider \"{}\" is not built in: use its "
                                             "credential plugin (users[].user.exec)",
                                             name));
}

Status ReadImpersonation(const KubeconfigEntry& entry, Config* config) {
  const FieldReader fields(entry.file, entry.value);
  ASSIGN_OR_RETURN(config->as_user, fields.String("as"));
  ASSIGN_OR_RETURN(config->as_uid, fields.String("as-uid"));
  ASSIGN_OR_RETURN(config->as_groups, fields.Strings("as-groups"));
  ASSIGN_OR_RETURN(const Node* extra, fields.Map("as-user-extra"));
  if (extra != nullptr) {
    const FieldReader values(entry.file, *extra);
    for (const Node::Member& member : extra->members) {
      ASSIGN_OR_RETURN(config->as_extra[member.key], values.Strings(member.key));
    }
  }
  if (config->as_user.empty() &&
      (!config->as_uid.empty() || !config->as_groups.empty() || !config->as_extra.empty())) {
    return fields.Complain("as", "as-uid, as-groups and as-user-extra need as");
  }
  return OkStatus();
}

Status ReadUser(const KubeconfigEntry& entry, const KubeconfigEntry& cluster, Config* config) {
  const FieldReader fields(entry.file, entry.value);
  RETURN_IF_ERROR(ReadCertificate(entry, config));
  ASSIGN_OR_RETURN(config->token, fields.String("token"));
  ASSIGN_OR_RETURN(const std::string token_file, fields.String("tokenFile"));
  config->token_file = Resolve(entry.file, token_file);
  ASSIGN_OR_RETURN(config->username, fields.String("username"));
  ASSIGN_OR_RETURN(config->password, fields.String("password"));
  RETURN_IF_ERROR(ReadImpersonation(entry, config));
  const bool has_token = !config->token.empty() || !token_file.empty();
  if (has_token && !config->username.empty()) {
    return fields.Complain("username", "a token and a username exclude each other");
  }

  ASSIGN_OR_RETURN(const Node* exec, fields.Map("exec"));
  ASSIGN_OR_RETURN(const Node* provider, fields.Map("auth-provider"));
  if (exec != nullptr && provider != nullptr) {
    return fields.Complain("auth-provider", "exec and auth-provider exclude each other");
  }
  if (exec != nullptr) {
    ASSIGN_OR_RETURN(config->exec, ReadExecPlugin(entry.file, *exec));
    if (config->exec.provide_cluster_info) {
      ASSIGN_OR_RETURN(config->exec.cluster_info, ClusterInfo(cluster, *config));
    }
  }
  if (provider != nullptr && !has_token) return ReadAuthProvider(entry, *provider, config);
  return OkStatus();
}

Result<std::string> ContextName(const MergedKubeconfig& merged, const ConfigChoice& choice,
                                const std::string& files) {
  if (!choice.context.empty()) {
    if (merged.contexts.contains(choice.context)) return choice.context;
    return InvalidArgumentError("{}: there is no context \"{}\" ({})", files, choice.context,
                                NamesOf(merged.contexts));
  }
  const std::string& name = merged.current_context;
  if (name.empty()) {
    return InvalidArgumentError("{}: no current-context is set and no context was asked for ({})",
                                files, NamesOf(merged.contexts));
  }
  if (merged.contexts.contains(name)) return name;
  const KubeconfigEntry& place = merged.current_context_node;
  return ErrorAt(place.file, place.value.line, place.value.column,
                 fmt::format("current-context \"{}\" is no context that is defined ({})", name,
                             NamesOf(merged.contexts)));
}

// What a context refers to by the member `key`.
Result<const KubeconfigEntry*> Follow(const KubeconfigEntry& context, const Entries& entries,
                                      std::string_view key) {
  const FieldReader fields(context.file, context.value);
  ASSIGN_OR_RETURN(const std::string name, fields.String(key));
  const auto found = entries.find(name);
  if (found != entries.end()) return &found->second;
  return fields.Complain(key, fmt::format("the {} \"{}\" of the context is not defined ({})", key,
                                          name, NamesOf(entries)));
}

}  // namespace

Result<Config> ParseConfig(const std::vector<ConfigFile>& files, const ConfigChoice& choice) {
  ASSIGN_OR_RETURN(const MergedKubeconfig merged, MergeKubeconfigs(files));
  std::string paths;
  for (const ConfigFile& file : files) paths += (paths.empty() ? "" : ":") + file.path;

  Config config;
  ASSIGN_OR_RETURN(config.context, ContextName(merged, choice, paths));
  const KubeconfigEntry& context = merged.contexts.find(config.context)->second;
  const FieldReader fields(context.file, context.value);
  ASSIGN_OR_RETURN(const std::string name_space, fields.String("namespace"));
  if (!name_space.empty()) config.name_space = name_space;
  if (!choice.name_space.empty()) config.name_space = choice.name_space;

  ASSIGN_OR_RETURN(const KubeconfigEntry* cluster, Follow(context, merged.clusters, "cluster"));
  RETURN_IF_ERROR(ReadCluster(*cluster, &config));
  ASSIGN_OR_RETURN(const std::string user_name, fields.String("user"));
  if (user_name.empty()) return config;  // nobody: an API server that asks no questions
  ASSIGN_OR_RETURN(const KubeconfigEntry* user, Follow(context, merged.users, "user"));
  RETURN_IF_ERROR(ReadUser(*user, *cluster, &config));
  return config;
}

}  // namespace trainyard::kube
