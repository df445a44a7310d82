#include "kube/api.h"
#include "kube/config.h"
#include "kube/document_json.h"
#include "kube/exec_plugin.h"
#include "kube/internal/base64.h"
#include "kube/internal/request_builder.h"
#include "kube/testing/fuzz_targets.h"

namespace trainyard::kube {
namespace {

constexpr char kV1[] = "client.authentication.k8s.io/v1";
constexpr char kPath[] = "/etc/k.yaml";

constexpr char kKubeconfig[] = R"(apiVersion: v1
kind: Config
current-context: c
contexts:
- {name: c, context: {cluster: k, user: u, namespace: team}}
- {name: d, context: {cluster: k}}
clusters:
- name: k
  cluster:
    server: https://127.0.0.1:6443/
    certificate-authority-data: Q0E=
    tls-server-name: api
    proxy-url: http://p:3128
    extensions: [{name: client.authentication.k8s.io/exec, extension: {a: [1, 2.5, yes]}}]
users:
- name: u
  user:
    as: someone
    as-groups: [g, h]
    as-user-extra: {"k y": [v]}
    client-certificate: cert.pem
    client-key-data: |
      S0VZ
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./login
      args: [-x]
      env: [{name: A, value: b}]
      interactiveMode: Never
      provideClusterInfo: true
)";

bool IsHeaderText(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

Status CheckConfig(const Config& config) {
  RETURN_IF_ERROR(
      Expect(config.server.starts_with("https://") || config.server.starts_with("http://"),
             "the server has a scheme"));
  RETURN_IF_ERROR(Expect(!config.server.ends_with('/'), "and no slash at its end"));
  for (const auto& [name, value] : RequestBuilder(config).CommonHeaders({})) {
    RETURN_IF_ERROR(Expect(IsHeaderText(name) && IsHeaderText(value), "headers have one line"));
  }
  return Expect(ParseJson("x", BuildExecInfo(config.exec, false)).ok(), "a plugin is told JSON");
}

Status CheckKubeconfig(std::string_view text) {
  const ConfigFile file{.path = kPath, .text = std::string(text)};
  const Result<Config> config = ParseConfig({file}, {});
  const Result<Config> doubled = ParseConfig({file, file}, {});
  RETURN_IF_ERROR(Expect(config.ok() == doubled.ok(), "a file read twice is the same"));
  if (!config.ok()) {
    return Expect(config.error().code() == StatusCode::kInvalidArgument &&
                      config.error().message().starts_with(kPath),
                  "a complaint names the file");
  }
  RETURN_IF_ERROR(CheckConfig(*config));
  return Expect(doubled->server == config->server && doubled->context == config->context &&
                    doubled->token == config->token && doubled->ca_pem == config->ca_pem,
                "a file read twice says the same");
}

// A file of objects on its way to the API server.
Status CheckManifest(std::string_view text) {
  const Result<std::vector<Node>> documents = ParseYaml(text, "f");
  if (!documents.ok()) {
    return Expect(documents.error().message().starts_with("f:"), "a complaint names the place");
  }
  for (const Node& document : *documents) {
    const Json object = ToJson(document);
    const Result<Json> sent = ParseJson("x", CreateRequest(kPods, "n", object).body);
    RETURN_IF_ERROR(Expect(sent.ok() && *sent == object, "what is sent is what was read"));
  }
  return OkStatus();
}

Status CheckExecCredential(std::string_view text) {
  const ExecPlugin plugin{.api_version = kV1, .command = "p"};
  const Result<ExecCredential> credential = ParseExecCredential(plugin, text);
  if (!credential.ok()) {
    return Expect(credential.error().code() == StatusCode::kUnauthenticated, "it is refused");
  }
  RETURN_IF_ERROR(Expect(!credential->token.empty() || !credential->cert_pem.empty(),
                         "a credential is a token or a certificate"));
  Json status = {{"token", credential->token},
                 {"clientCertificateData", credential->cert_pem},
                 {"clientKeyData", credential->key_pem}};
  if (credential->expires) status["expirationTimestamp"] = FormatMicroTime(*credential->expires);
  const Json written = {{"apiVersion", kV1}, {"kind", "ExecCredential"}, {"status", status}};
  const Result<ExecCredential> again = ParseExecCredential(plugin, written.dump());
  return Expect(again.ok() && *again == *credential, "what is written reads as the same");
}

Status CheckBase64(std::string_view text) {
  RETURN_IF_ERROR(Expect(DecodeBase64(EncodeBase64(text)) == text, "any bytes come back"));
  const auto bytes = DecodeBase64(text);
  return Expect(!bytes || DecodeBase64(EncodeBase64(*bytes)) == bytes, "so does what was read");
}

}  // namespace

std::vector<FuzzTarget> CredentialTargets() {
  return {
      {"kubeconfig", CheckKubeconfig, {kKubeconfig}, 1'000},
      {"manifest",
       CheckManifest,
       {"kind: A\nlist: [1, -2, 3.5e3, 0x1f, 010, .inf, yes, ~, \"\\u00e4\", 'x']\n---\n"
        "{b: &b {c: d}, <<: *b, e: |\n  f\n}\n",
        kKubeconfig}},
      {"exec_credential",
       CheckExecCredential,
       {R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":)"
        R"({"token":"t","expirationTimestamp":"2026-01-02T03:04:05Z"}})",
        R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":)"
        R"({"clientCertificateData":"c","clientKeyData":"k"}})"}},
      {"base64", CheckBase64, {"QUJD", "QUI=\nQQ==", "QUJDRA== "}},
  };
}

}  // namespace trainyard::kube
