// Which cluster, and as whom: from kubeconfig files or from within a pod.
//
// Follows client-go's tools/clientcmd and plugin/pkg/client/auth/exec. Plain values; the functions
// read files and the environment; thread-safe.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "kube/object.h"

namespace trainyard::kube {

// A program that is asked for credentials.
struct ExecPlugin {
  std::string api_version{};  // client.authentication.k8s.io/v1 or v1beta1
  std::string command{};
  std::vector<std::string> args{};
  std::vector<std::pair<std::string, std::string>> env{};
  std::string install_hint{};
  std::string interactive_mode = "IfAvailable";  // Never, IfAvailable, Always
  bool provide_cluster_info = false;
  Json cluster_info{};  // `spec.cluster` of KUBERNETES_EXEC_INFO, if wanted
};

struct Config {
  std::string server{};  // "https://127.0.0.1:6443", without a slash at the end
  std::string name_space = "default";
  std::string context{};  // the context's name; empty inside a pod

  std::string ca_pem{};
  std::string ca_file{};  // read again every minute if it is given
  std::string tls_server_name{};
  bool insecure_skip_tls_verify = false;
  std::string proxy_url{};

  // The client's certificate, shown to the server whatever else there is. From the files, if they
  // are given, which are read again every minute.
  std::string client_cert_pem{};
  std::string client_key_pem{};
  std::string client_cert_file{};
  std::string client_key_file{};

  // Of these, the first that is there makes the Authorization header.
  std::string token_file{};  // read again every minute
  std::string token{};
  std::string username{};
  std::string password{};
  ExecPlugin exec{};  // command empty: none; it may give a certificate, too

  // Impersonation.
  std::string as_user{};
  std::string as_uid{};
  std::vector<std::string> as_groups{};
  std::map<std::string, std::vector<std::string>> as_extra{};
};

struct ConfigChoice {
  std::string kubeconfig{};  // a file; empty: $KUBECONFIG (several, joined by ":"), ~/.kube/config,
                             // then the pod's own
  std::string context{};     // empty: current-context
  std::string name_space{};  // empty: the context's
};

// NotFound if there is no configuration anywhere (the message says where was looked and what to
// do), InvalidArgument `file:line:column: why` for one that is malformed or names a context,
// cluster or user that it does not define.
Result<Config> LoadConfig(const ConfigChoice& choice = {});

// The pure part: merges files (name and text, first definition wins) and picks a context. Relative
// paths are relative to their file; files that it names are not read yet: see
// ReadReferencedFiles().
struct ConfigFile {
  std::string path{};
  std::string text{};
};
Result<Config> ParseConfig(const std::vector<ConfigFile>& files, const ConfigChoice& choice);

// Reads the certificates that `config` names as files into its `_pem` fields (and those of the
// plugin's cluster_info); checks that the token file can be read.
Status ReadReferencedFiles(Config* config);

// From KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT and the service account's files below
// `directory`. NotFound outside of a pod.
Result<Config> LoadInClusterConfig(
    const std::string& directory = "/var/run/secrets/kubernetes.io/serviceaccount");

}  // namespace trainyard::kube
