#include "kube/exec_plugin.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "kube/internal/child_process.h"

namespace trainyard::kube {
namespace {

Result<bool> MayBeInteractive(const ExecPlugin& plugin) {
  if (plugin.interactive_mode == "Never") return false;
  const bool is_terminal = isatty(STDIN_FILENO) == 1;
  if (plugin.interactive_mode == "Always" && !is_terminal) {
    return FailedPreconditionError(
        "the credential plugin \"{}\" must talk to somebody, but standard input is no terminal",
        plugin.command);
  }
  return is_terminal;
}

Status Explain(const ExecPlugin& plugin, const Status& failure) {
  std::string message = fmt::format("cannot get credentials: {}", failure.message());
  if (failure.code() == StatusCode::kNotFound) {
    message += "; it is named in the kubeconfig and must be installed";
    // The hint may have several lines; a message has one.
    std::string hint = plugin.install_hint;
    for (char& c : hint) {
      if (c == '\n' || c == '\r') c = ' ';
    }
    if (!hint.empty()) message += ": " + hint;
    return Status(StatusCode::kFailedPrecondition, std::move(message));
  }
  return Status(failure.code(), std::move(message));
}

}  // namespace

std::string BuildExecInfo(const ExecPlugin& plugin, bool is_interactive) {
  Json spec = {{"interactive", is_interactive}};
  if (plugin.provide_cluster_info) spec["cluster"] = plugin.cluster_info;
  const Json info = {
      {"apiVersion", plugin.api_version}, {"kind", "ExecCredential"}, {"spec", std::move(spec)}};
  return info.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<ExecCredential> ParseExecCredential(const ExecPlugin& plugin, std::string_view text) {
  const auto complain = [&](std::string_view why) {
    return Status(
        StatusCode::kUnauthenticated,
        fmt::format("cannot get credentials: the plugin \"{}\" answered {}", plugin.command, why));
  };
  // Not ParseJson()'s message: it shows the text.
  const Result<Json> parsed = ParseJson("", text);
  if (!parsed.ok() || !parsed->is_object()) return complain("something that is not JSON");
  if (GetString(*parsed, {"kind"}) != "ExecCredential") return complain("no ExecCredential");
  if (GetString(*parsed, {"apiVersion"}) != plugin.api_version) {
    return complain(fmt::format("with another apiVersion than {}", plugin.api_version));
  }
  ExecCredential credential{.token = GetString(*parsed, {"status", "token"}),
                            .cert_pem = GetString(*parsed, {"status", "clientCertificateData"}),
                            .key_pem = GetString(*parsed, {"status", "clientKeyData"})};
  if (credential.cert_pem.empty() != credential.key_pem.empty()) {
    return complain("with a certificate or key alone");
  }
  if (credential.token.empty() && credential.cert_pem.empty()) {
    return complain("with neither token nor certificate");
  }
  const std::string expires = GetString(*parsed, {"status", "expirationTimestamp"});
  credential.expires = ParseTime(expires);
  if (!expires.empty() && !credential.expires) return complain("with an expirationTimestamp amiss");
  return credential;
}

Result<ExecCredential> RunExecPlugin(const ExecPlugin& plugin, const ExecPluginLimits& limits) {
  ASSIGN_OR_RETURN(const bool is_interactive, MayBeInteractive(plugin));
  ChildProcess child{
      .command = plugin.command,
      .args = plugin.args,
      .env = plugin.env,
      .has_stdin = is_interactive,
      .deadline = is_interactive ? limits.interactive_deadline : limits.deadline,
      .max_output_bytes = limits.max_reply_bytes,
  };
  child.env.emplace_back("KUBERNETES_EXEC_INFO", BuildExecInfo(plugin, is_interactive));
  const Result<ChildOutput> output = RunChild(child);
  if (!output.ok()) return Explain(plugin, output.error());
  if (output->exit_code != 0) {
    return Status(StatusCode::kUnauthenticated,
                  fmt::format("cannot get credentials: the plugin \"{}\" failed with exit code {}",
                              plugin.command, output->exit_code));
  }
  return ParseExecCredential(plugin, output->text);
}

}  // namespace trainyard::kube
