#include "kube/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "base/files.h"

namespace trainyard::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr char kWhole[] = R"(apiVersion: v1
kind: Config
current-context: team
clusters:
- name: c
  cluster:
    server: https://127.0.0.1:6443/
    certificate-authority-data: Q0E=
    tls-server-name: kubernetes
    proxy-url: http://proxy:3128
contexts:
- name: team
  context: {cluster: c, user: u, namespace: research}
- name: bare
  context: {cluster: c, user: u}
users:
- name: u
  user:
    client-certificate-data: Q0VSVA==
    client-key-data: S0VZ
    as: other
    as-uid: "7"
    as-groups: [g1, g2]
    as-user-extra: {reason: [a, b]}
)";

// A kubeconfig with this user and one context.
std::string WithUser(const std::string& user) {
  return "current-context: x\n"
         "clusters: [{name: c, cluster: {server: 'https://h:1', certificate-authority: ca.pem}}]\n"
         "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
         "users:\n- name: u\n  user: " +
         user + "\n";
}

std::string ErrorOf(const std::string& text, const ConfigChoice& choice = {}) {
  const Result<Config> config = ParseConfig({{"k.yaml", text}}, choice);
  EXPECT_FALSE(config.ok()) << text;
  if (config.ok()) return {};
  EXPECT_EQ(config.error().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(config.error().message().find('\n'), std::string::npos);
  return config.error().message();
}

Config Parsed(const std::string& text, const ConfigChoice& choice = {}) {
  const Result<Config> config = ParseConfig({{"/home/me/.kube/config", text}}, choice);
  EXPECT_TRUE(config.ok()) << config.status();
  return config.ok() ? *config : Config{};
}

TEST(ParseConfigTest, TakesEverythingOfTheCurrentContext) {
  const Config config = Parsed(kWhole);
  EXPECT_EQ(config.server, "https://127.0.0.1:6443");
  EXPECT_EQ(config.context, "team");
  EXPECT_EQ(config.name_space, "research");
  EXPECT_EQ(config.ca_pem, "CA");
  EXPECT_EQ(config.tls_server_name, "kubernetes");
  EXPECT_EQ(config.proxy_url, "http://proxy:3128");
  EXPECT_EQ(config.client_cert_pem, "CERT");
  EXPECT_EQ(config.client_key_pem, "KEY");
  EXPECT_EQ(config.as_user, "other");
  EXPECT_EQ(config.as_uid, "7");
  EXPECT_THAT(config.as_groups, ElementsAre("g1", "g2"));
  EXPECT_THAT(config.as_extra, ElementsAre(Pair("reason", ElementsAre("a", "b"))));
}

TEST(ParseConfigTest, ContextAndNamespaceCanBeChosen) {
  EXPECT_EQ(Parsed(kWhole, {.context = "bare"}).name_space, "default");
  EXPECT_EQ(Parsed(kWhole, {.context = "bare", .name_space = "n"}).name_space, "n");
}

TEST(ParseConfigTest, TheFirstFileThatDefinesANameDefinesAllOfIt) {
  const ConfigFile first{"/a/k", "users: [{name: u, user: {token: first}}]\n"};
  const ConfigFile second{
      "/b/k",
      "current-context: x\n"
      "clusters: [{name: c, cluster: {server: 'https://h:1', certificate-authority: ca.pem}}]\n"
      "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
      "users: [{name: u, user: {token: second, as: other}}]\n"};
  const ConfigFile third{"/c/k", "current-context: y\n"};
  const Result<Config> config = ParseConfig({first, second, third}, {});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->token, "first");
  EXPECT_EQ(config->as_user, "");
  EXPECT_EQ(config->ca_file, "/b/ca.pem");
}

TEST(ParseConfigTest, PathsAreRelativeToTheirFileAndDataBeatsThem) {
  const Config paths =
      Parsed(WithUser("{client-certificate: a.crt, client-key: ../a.key, tokenFile: /run/token, "
                      "token: t}"));
  EXPECT_EQ(paths.ca_file, "/home/me/.kube/ca.pem");
  EXPECT_EQ(paths.client_cert_file, "/home/me/.kube/a.crt");
  EXPECT_EQ(paths.client_key_file, "/home/me/a.key");
  EXPECT_EQ(paths.token_file, "/run/token");
  EXPECT_EQ(paths.token, "t");
  const Config data = Parsed(WithUser(
      "{client-certificate: a.crt, client-certificate-data: Q0VSVA==, client-key: a.key}"));
  EXPECT_EQ(data.client_cert_pem, "CERT");
  EXPECT_EQ(data.client_cert_file, "");
}

TEST(ParseConfigTest, TakesAPluginWithWhatItNeeds) {
  const Config config = Parsed(R"(
current-context: x
clusters:
- name: c
  cluster:
    server: https://h:1
    certificate-authority-data: Q0E=
    extensions:
    - name: client.authentication.k8s.io/exec
      extension: {audience: a, ports: [1, 2.5], on: true}
contexts: [{name: x, context: {cluster: c, user: u}}]
users:
- name: u
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./bin/plugin
      args: [--cluster, "7"]
      env: [{name: PROFILE, value: p}]
      interactiveMode: Never
      installHint: install it
      provideClusterInfo: true
)");
  EXPECT_EQ(config.exec.command, "/home/me/.kube/bin/plugin");
  EXPECT_THAT(config.exec.args, ElementsAre("--cluster", "7"));
  EXPECT_THAT(config.exec.env, ElementsAre(Pair("PROFILE", "p")));
  EXPECT_EQ(config.exec.interactive_mode, "Never");
  EXPECT_EQ(config.exec.install_hint, "install it");
  EXPECT_EQ(config.exec.cluster_info, Json::parse(R"({
    "server": "https://h:1", "certificate-authority-data": "Q0E=",
    "config": {"audience": "a", "ports": [1, 2.5], "on": true}})"));
}

TEST(ParseConfigTest, APluginWithoutSlashIsLookedForInPath) {
  const Config config =
      Parsed(WithUser("{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: gke}}"));
  EXPECT_EQ(config.exec.command, "gke");
  EXPECT_EQ(config.exec.interactive_mode, "IfAvailable");
}

TEST(ParseConfigTest, AnIdTokenOfOidcIsUsedAsBearerToken) {
  EXPECT_EQ(
      Parsed(WithUser("{auth-provider: {name: oidc, config: {id-token: i, client-id: c}}}")).token,
      "i");
}

TEST(ParseConfigTest, AServerWithoutSchemeGetsTheFittingOne) {
  const std::string rest = "\ncontexts: [{name: x, context: {cluster: c}}]\ncurrent-context: x\n";
  EXPECT_EQ(Parsed("clusters: [{name: c, cluster: {server: 'h:80'}}]" + rest).server,
            "http://h:80");
  EXPECT_EQ(Parsed("clusters: [{name: c, cluster: {server: 'h:1', insecure-skip-tls-verify: "
                   "true}}]" +
                   rest)
                .server,
            "https://h:1");
  EXPECT_EQ(Parsed("clusters: [{name: c, cluster: {server: 'https://h/k8s/c-1/'}}]" + rest).server,
            "https://h/k8s/c-1");
}

TEST(ParseConfigTest, ComplaintsNameThePlace) {
  const std::pair<std::string, std::string> cases[] = {
      {"clusters: [", "k.yaml:"},
      {"[1]", "k.yaml:1:1: a kubeconfig is a map"},
      {"kind: Pod", "k.yaml:1:7: \"Pod\" is no kubeconfig"},
      {"clusters: 3", "k.yaml:1:11: clusters must be a list"},
      {"clusters: [3]", "k.yaml:1:12: an entry of clusters must be a map"},
      {"users:\n- {name: a, user: {}}\n- {name: a, user: {}}", "k.yaml:3:10: \"a\" stands twice"},
      {"contexts: [{name: a, context: {}}]", "k.yaml: no current-context is set"},
      {"current-context: b\ncontexts: [{name: a, context: {}}]",
       "k.yaml:1:18: current-context \"b\" is no context that is defined (defined: a)"},
      {"current-context: a\ncontexts: [{name: a, context: {cluster: c}}]",
       "k.yaml:2:41: the cluster \"c\" of the context is not defined"},
      {"current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, "
       "cluster: {}}]",
       "k.yaml:3:31: the cluster has no server"},
      {WithUser("{token: 123456}"), "k.yaml:6:17: token must be text: put it into quotes"},
      {WithUser("{token: a, username: b}"), "exclude each other"},
      {WithUser("{client-certificate-data: '!'}"), "client-certificate-data is not base64"},
      {WithUser("{client-certificate: a}"), "a client certificate without its key"},
      {WithUser("{client-key: a}"), "a client key without its certificate"},
      {WithUser("{as-groups: [a]}"), "need as"},
      {WithUser("{auth-provider: {name: gcp}}"), "the auth-provider \"gcp\" is not built in"},
      {WithUser("{auth-provider: {name: oidc}}"), "the oidc auth-provider has no id-token"},
      {WithUser("{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: a}}"),
       "v1 or v1beta1"},
      {WithUser("{exec: {apiVersion: client.authentication.k8s.io/v1, command: a}}"),
       "v1 plugins must say their interactiveMode"},
      {WithUser("{exec: {apiVersion: client.authentication.k8s.io/v1}}"), "no command"},
  };
  for (const auto& [text, message] : cases) EXPECT_THAT(ErrorOf(text), HasSubstr(message));
  EXPECT_THAT(ErrorOf(kWhole, {.context = "z"}),
              HasSubstr("there is no context \"z\" (defined: bare, team)"));
}

TEST(ParseConfigTest, ComplaintsDoNotShowSecrets) {
  for (const char* user : {"{token: 123456}", "{token: [123456]}", "{password: 123456}",
                           "{client-key-data: '!123456', client-certificate-data: Q0VSVA==}"}) {
    EXPECT_EQ(ErrorOf(WithUser(user)).find("123456"), std::string::npos) << user;
  }
}

// The environment of a test, put back at its end.
class LoadConfigTest : public ::testing::Test {
 protected:
  LoadConfigTest() {
    for (const char* name :
         {"KUBECONFIG", "HOME", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"}) {
      const char* value = std::getenv(name);
      if (value != nullptr) before_[name] = value;
      unsetenv(name);
    }
    setenv("HOME", directory_.path().c_str(), 1);
  }
  ~LoadConfigTest() override {
    for (const char* name :
         {"KUBECONFIG", "HOME", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"}) {
      unsetenv(name);
    }
    for (const auto& [name, value] : before_) setenv(name.c_str(), value.c_str(), 1);
  }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = JoinPath(directory_.path(), name);
    EXPECT_TRUE(MakeDirectories(path.substr(0, path.rfind('/'))).ok());
    EXPECT_TRUE(WriteFileAtomically(path, text).ok());
    return path;
  }

  TemporaryDirectory directory_;
  std::map<std::string, std::string> before_;
};

TEST_F(LoadConfigTest, WithoutAnyConfigurationSaysWhereItLooked) {
  const Result<Config> config = LoadConfig();
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().code(), StatusCode::kNotFound);
  EXPECT_THAT(config.error().message(), HasSubstr(directory_.path() + "/.kube/config"));
}

TEST_F(LoadConfigTest, MergesTheFilesOfKubeconfigThatExist) {
  const std::string users = Write("a/users", "users: [{name: u, user: {token: first}}]\n");
  const std::string rest = Write("b/rest", WithUser("{token: second}"));
  Write("b/ca.pem", "CA");
  setenv("KUBECONFIG", (":" + users + ":/nowhere/k:" + rest + ":" + rest).c_str(), 1);
  const Result<Config> config = LoadConfig();
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->token, "first");
  EXPECT_EQ(config->ca_pem, "CA");
}

TEST_F(LoadConfigTest, AFileThatTheKubeconfigNamesMustBeThere) {
  Write(".kube/config", WithUser("{token: t}"));
  const Result<Config> config = LoadConfig();
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(config.error().message(), HasSubstr("certificate-authority: "));
  EXPECT_THAT(config.error().message(), HasSubstr(".kube/ca.pem"));
}

TEST_F(LoadConfigTest, AFileThatIsAskedForMustBeThere) {
  EXPECT_EQ(LoadConfig({.kubeconfig = "/nowhere/k"}).status().code(), StatusCode::kNotFound);
}

TEST_F(LoadConfigTest, InsideAPodTheServiceAccountIsUsed) {
  const std::string account = directory_.path() + "/account";
  EXPECT_EQ(LoadInClusterConfig(account).status().code(), StatusCode::kNotFound);
  setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
  setenv("KUBERNETES_SERVICE_PORT", "443", 1);
  EXPECT_EQ(LoadInClusterConfig(account).status().code(), StatusCode::kNotFound);
  Write("account/token", "t\n");
  Write("account/ca.crt", "CA");
  Write("account/namespace", "team\n");
  const Result<Config> config = LoadInClusterConfig(account);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server, "https://[fd00::1]:443");
  EXPECT_EQ(config->token_file, account + "/token");
  EXPECT_EQ(config->ca_pem, "CA");
  EXPECT_EQ(config->name_space, "team");
}

}  // namespace
}  // namespace trainyard::kube
