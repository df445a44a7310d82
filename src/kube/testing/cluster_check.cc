// The client against a real cluster, the one of KUBECONFIG: not part of the unit tests.
//
//   test/cluster/cluster.sh up && test/cluster/cluster.sh busybox-image
//   KUBECONFIG=... build/release/test/kube_cluster_check
//
// Without nodes: --gtest_filter=-Node*. Makes a namespace of its own and deletes it.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/files.h"
#include "kube/client.h"
#include "kube/exec.h"
#include "kube/logs.h"
#include "kube/port_forward.h"

namespace trainyard::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

const Resource kConfigMaps{.plural = "configmaps"};
constexpr int kPodPort = 8080;

template <class T>
T Must(Result<T> result) {
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok()) throw std::runtime_error(result.status().ToString());  // ends the test
  return *std::move(result);
}

template <class Condition>
bool WaitFor(Condition condition, seconds limit = seconds(60)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(50));
  }
  return true;
}

Json ConfigMap(const std::string& name, Json data = Json::object()) {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"name", name}}},
          {"data", std::move(data)}};
}

// The lines of a stream, gathered.
class Gathered {
 public:
  LineHandler Handler() {
    return {.on_open = [this] { Change([this] { is_open_ = true; }); },
            .on_line =
                [this](std::string_view line) {
                  Change([&] { lines_.emplace_back(line); });
                  return OkStatus();
                },
            .on_end = [this](const Status& status) { Change([&] { end_ = status; }); }};
  }
  LogHandler ForLog() {
    return {
        .on_line = [this](std::string_view line) { Change([&] { lines_.emplace_back(line); }); },
        .on_end = [this](const Status& status) { Change([&] { end_ = status; }); }};
  }
  bool WaitUntilOpen() {
    return Wait([this] { return is_open_; });
  }
  bool WaitForLines(size_t count) {
    return Wait([&] { return lines_.size() >= count; });
  }
  bool WaitForEnd() {
    return Wait([this] { return end_.has_value(); });
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  Status end() {
    const std::lock_guard lock(mutex_);
    return end_.value_or(UnknownError("it has not ended"));
  }

 private:
  static Status UnknownError(const char* text) { return Status(StatusCode::kUnknown, text); }

  template <class Function>
  void Change(Function function) {
    const std::lock_guard lock(mutex_);
    function();
    changed_.notify_all();
  }
  template <class Condition>
  bool Wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(60), condition);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
  std::vector<std::string> lines_;
  std::optional<Status> end_;
};

class ClusterCheck : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    config_ = Must(LoadConfig());
    client_ = Must(Client::Create(config_));
    static int suite = 0;
    name_space_ = fmt::format("kube-check-{}-{}", getpid(), ++suite);
    Must(client_->Create(kNamespaces, "", {{"metadata", {{"name", name_space_}}}}));
    const Resource accounts{.plural = "serviceaccounts"};
    ASSERT_TRUE(WaitFor([&] { return client_->Get(accounts, name_space_, "default").ok(); }));
  }
  static void TearDownTestSuite() {
    EXPECT_TRUE(client_->Delete(kNamespaces, "", name_space_).ok());
    client_.reset();
  }

  static inline Config config_;
  static inline std::unique_ptr<Client> client_;
  static inline std::string name_space_;
};

using ObjectsCheck = ClusterCheck;

TEST_F(ObjectsCheck, CreateGetListUpdateAndDelete) {
  const Json made = Must(client_->Create(kConfigMaps, name_space_, ConfigMap("a", {{"k", "1"}})));
  EXPECT_EQ(Namespace(made), name_space_);
  EXPECT_EQ(client_->Create(kConfigMaps, name_space_, ConfigMap("a")).status().code(),
            StatusCode::kAlreadyExists);
  EXPECT_EQ(Must(client_->Get(kConfigMaps, name_space_, "a")), made);
  EXPECT_EQ(client_->Get(kConfigMaps, name_space_, "none").status().message(),
            "cannot get configmaps.v1 " + name_space_ + "/none: configmaps \"none\" not found");
  const Json list =
      Must(client_->List(kConfigMaps, name_space_, {{"fieldSelector", "metadata.name=a"}}));
  ASSERT_EQ(list["items"].size(), 1u);

  Json changed = made;
  changed["data"]["k"] = "2";
  EXPECT_EQ(Must(client_->Update(kConfigMaps, name_space_, changed))["data"]["k"], "2");
  EXPECT_EQ(client_->Update(kConfigMaps, name_space_, changed).status().code(),
            StatusCode::kAborted);

  EXPECT_EQ(client_->Delete(kConfigMaps, name_space_, "a", {.uid = "other"}).code(),
            StatusCode::kAborted);
  EXPECT_TRUE(client_->Delete(kConfigMaps, name_space_, "a", {.uid = Uid(made)}).ok());
  EXPECT_EQ(client_->Delete(kConfigMaps, name_space_, "a").code(), StatusCode::kNotFound);
}

TEST_F(ObjectsCheck, PatchAndApply) {
  Must(client_->Create(kConfigMaps, name_space_, ConfigMap("p", {{"k", "1"}})));
  const Json merged = Must(
      client_->Patch(kConfigMaps, name_space_, "p", PatchType::kMerge, {{"data", {{"l", "2"}}}}));
  EXPECT_EQ(merged["data"], (Json{{"k", "1"}, {"l", "2"}}));
  const auto apply = [&](const char* manager, const char* value, const char* force) {
    return client_->Patch(kConfigMaps, name_space_, "s", PatchType::kApply,
                          ConfigMap("s", {{"k", value}}), {},
                          {{"fieldManager", manager}, {"force", force}});
  };
  EXPECT_EQ(Must(apply("one", "1", "false"))["data"]["k"], "1");
  const Status conflict = apply("two", "2", "false").status();
  EXPECT_EQ(conflict.code(), StatusCode::kAborted);
  EXPECT_THAT(conflict.message(), HasSubstr("conflict"));
  EXPECT_EQ(Must(apply("two", "2", "true"))["data"]["k"], "2");
}

TEST_F(ObjectsCheck, WhatIsMalformedIsRefusedAndWarningsAreLogged) {
  Json wrong = ConfigMap("w");
  wrong["sepc"] = 1;
  EXPECT_EQ(client_->Create(kConfigMaps, name_space_, wrong, {{"fieldValidation", "Strict"}})
                .status()
                .code(),
            StatusCode::kInvalidArgument);
  testing::internal::CaptureStderr();
  Must(client_->Create(kConfigMaps, name_space_, wrong));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("unknown field \"sepc\""));
}

TEST_F(ObjectsCheck, WatchTellsOfEveryChange) {
  Gathered events;
  const std::string version =
      GetString(Must(client_->List(kConfigMaps, name_space_)), {"metadata", "resourceVersion"});
  auto stream = client_->Open({.path = Path(kConfigMaps, name_space_),
                               .query = {{"watch", "true"}, {"resourceVersion", version}},
                               .attempt = "watch",
                               .timeout = milliseconds(0)},
                              seconds(60), events.Handler());
  ASSERT_TRUE(events.WaitUntilOpen());
  // A line that no single piece of the network holds.
  Must(client_->Create(kConfigMaps, name_space_,
                       ConfigMap("big", {{"k", std::string(900'000, 'x')}})));
  EXPECT_TRUE(client_->Delete(kConfigMaps, name_space_, "big").ok());
  ASSERT_TRUE(events.WaitForLines(2));
  const Json added = Must(ParseJson("event", events.lines()[0]));
  EXPECT_EQ(added["type"], "ADDED");
  EXPECT_EQ(added["object"]["data"]["k"].get<std::string>().size(), 900'000u);
  EXPECT_EQ(Must(ParseJson("event", events.lines()[1]))["type"], "DELETED");

  Gathered refused;
  auto nothing = client_->Open({.path = "/api/v1/nothing", .attempt = "watch nothing"}, seconds(9),
                               refused.Handler());
  ASSERT_TRUE(refused.WaitForEnd());
  EXPECT_EQ(refused.end().code(), StatusCode::kNotFound);
}

// Connections of this process to the port of the API server.
int OpenConnections(int port) {
  int count = 0;
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (peer.sin_family == AF_INET && ntohs(peer.sin_port) == port) ++count;
  }
  return count;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds_of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

TEST_F(ObjectsCheck, ManyRequestsShareOneConnection) {
  const auto client = Must(Client::Create(config_));
  const int port = std::stoi(config_.server.substr(config_.server.rfind(':') + 1));
  const int before = OpenConnections(port);
  constexpr int kCount = 1000;
  std::vector<ApiRequest> requests;
  for (int i = 0; i < kCount; ++i) {
    requests.push_back(CreateRequest(kConfigMaps, name_space_, ConfigMap(fmt::format("m-{}", i))));
  }
  const double cpu = CpuSeconds();
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& answer : client->SendAll(requests, 50)) EXPECT_TRUE(answer.ok());
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  fmt::print("{} creates, 50 at a time: {:.2f} s, {:.0f} us of our CPU each\n", kCount,
             time.count(), (CpuSeconds() - cpu) / kCount * 1e6);
  EXPECT_EQ(OpenConnections(port) - before, 1) << "HTTP/2 is not used";
  EXPECT_EQ(Must(client->List(kConfigMaps, name_space_))["items"].size() >= kCount, true);
  EXPECT_TRUE(client->Send(DeleteCollectionRequest(kConfigMaps, name_space_, {})).ok());
}

class CredentialsCheck : public ClusterCheck {
 protected:
  void SetUp() override {
    // An account that may read.
    Must(client_->Create({.plural = "serviceaccounts"}, name_space_,
                         {{"metadata", {{"name", "reader"}}}}));
    Must(client_->Create(
        {.group = "rbac.authorization.k8s.io", .plural = "rolebindings"}, name_space_,
        {{"metadata", {{"name", "reader"}}},
         {"roleRef",
          {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", "view"}}},
         {"subjects",
          {{{"kind", "ServiceAccount"}, {"name", "reader"}, {"namespace", name_space_}}}}}));
    const Json answer = Must(client_->SendForJson(
        {.method = "POST",
         .path = Path({.plural = "serviceaccounts"}, name_space_, "reader", "token"),
         .body =
             R"({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})"}));
    token_ = GetString(answer, {"status", "token"});
    Write("ca.pem", config_.ca_pem);
  }
  void TearDown() override {
    EXPECT_TRUE(client_->Delete({.plural = "serviceaccounts"}, name_space_, "reader").ok());
    EXPECT_TRUE(client_
                    ->Delete({.group = "rbac.authorization.k8s.io", .plural = "rolebindings"},
                             name_space_, "reader")
                    .ok());
  }

  std::string Write(const std::string& name, const std::string& text) {
    std::string path = JoinPath(directory_.path(), name);
    EXPECT_TRUE(WriteFileAtomically(path, text).ok());
    return path;
  }
  std::unique_ptr<Client> As(const std::string& user) {
    const std::string path =
        Write("kubeconfig",
              fmt::format("current-context: x\n"
                          "clusters: [{{name: c, cluster: {{server: '{}', certificate-authority: "
                          "ca.pem}}}}]\n"
                          "contexts: [{{name: x, context: {{cluster: c, user: u}}}}]\n"
                          "users:\n- name: u\n  user: {}\n",
                          config_.server, user));
    return Must(Client::Create(Must(LoadConfig({.kubeconfig = path}))));
  }

  TemporaryDirectory directory_;
  std::string token_;
};

TEST_F(CredentialsCheck, ATokenFile) {
  Write("token", token_ + "\n");
  const auto client = As("{tokenFile: token}");
  EXPECT_TRUE(WaitFor([&] { return client->List(kConfigMaps, name_space_).ok(); }, seconds(5)));
  EXPECT_EQ(client->List(kConfigMaps, "kube-system").status().code(),
            StatusCode::kPermissionDenied);
}

TEST_F(CredentialsCheck, ATokenFileThatIsReplacedWhileTheOldTokenIsRefused) {
  Write("token", "not-a-token");
  const auto client = As("{tokenFile: token}");
  EXPECT_EQ(client->List(kConfigMaps, name_space_).status().code(), StatusCode::kUnauthenticated);
  std::this_thread::sleep_for(seconds(6));  // it is not asked for more often than every 5 s
  Write("token", token_);
  EXPECT_TRUE(client->List(kConfigMaps, name_space_).ok());
}

TEST_F(CredentialsCheck, APluginWhoseFirstTokenIsRefused) {
  Write("token", token_);
  const std::string script =
      Write("plugin.sh",
            "#!/bin/sh\n"
            "cd \"$(dirname \"$0\")\" && echo run >> runs\n"
            "token=old; [ \"$(wc -l < runs)\" -lt 2 ] || token=$(cat token)\n"
            "cat <<X\n{\"apiVersion\": "
            "\"client.authentication.k8s.io/v1\", \"kind\": "
            "\"ExecCredential\", \"status\": {\"token\": \"$token\"}}\nX\n");
  ASSERT_EQ(chmod(script.c_str(), 0700), 0);
  const auto client =
      As("{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin.sh, "
         "interactiveMode: Never}}");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client->List(kConfigMaps, name_space_).ok());
  EXPECT_EQ(Must(ReadFile(JoinPath(directory_.path(), "runs"))), "run\nrun\n");
}

TEST_F(CredentialsCheck, Impersonation) {
  Config config = config_;
  config.as_user = "somebody";
  config.as_groups = {"team"};
  const auto client = Must(Client::Create(config));
  const Status status = client->List(kConfigMaps, name_space_).status();
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(status.message(), HasSubstr("User \"somebody\""));
}

TEST_F(CredentialsCheck, AServerThatIsNotBelieved) {
  Config config = config_;
  config.ca_pem.clear();
  config.ca_file.clear();
  EXPECT_EQ(Must(Client::Create(config))->Send({.path = "/version"}).status().code(),
            StatusCode::kUnauthenticated);
}

class NodeCheck : public ClusterCheck {
 protected:
  // A pod that runs this shell script.
  void Run(const std::string& name, const std::string& script) {
    Must(client_->Create(kPods, name_space_,
                         {{"metadata", {{"name", name}}},
                          {"spec",
                           {{"restartPolicy", "Never"},
                            {"terminationGracePeriodSeconds", 0},
                            {"containers",
                             {{{"name", "main"},
                               {"image", "localhost/busybox:test"},
                               {"imagePullPolicy", "Never"},
                               {"command", {"sh", "-c", script}}}}}}}}));
  }
  void WaitUntilRunning(const std::string& name) {
    ASSERT_TRUE(WaitFor([&] {
      return GetString(Must(client_->Get(kPods, name_space_, name)), {"status", "phase"}) ==
             "Running";
    }));
  }
  Result<int> ExecIn(const std::string& pod, std::vector<std::string> command, std::string* out,
                     const std::string& input = {}) {
    return Exec(client_.get(),
                {.name_space = name_space_,
                 .pod = pod,
                 .command = std::move(command),
                 .stdin_text = input,
                 .has_stdin = !input.empty()},
                {.on_stdout = [&](std::string_view text) { *out += text; },
                 .on_stderr = [&](std::string_view text) { *out += text; }});
  }
};

TEST_F(NodeCheck, FollowsALogFromBeforeTheStartToTheEnd) {
  const auto timers = TimerQueue::Start();
  Gathered log;
  Run("writer", "for i in $(seq 1 30); do echo line $i; sleep 0.1; done; echo the end");
  const auto follower = LogFollower::Start(
      client_.get(), timers.get(), {.name_space = name_space_, .pod = "writer"}, log.ForLog());
  ASSERT_TRUE(log.WaitForEnd());
  EXPECT_TRUE(log.end().ok()) << log.end();
  const auto lines = log.lines();
  ASSERT_EQ(lines.size(), 31u);
  for (size_t i = 0; i < 30; ++i) EXPECT_EQ(lines[i], fmt::format("line {}", i + 1));
  EXPECT_EQ(lines[30], "the end");
  EXPECT_THAT(
      Must(ReadLog(client_.get(), {.name_space = name_space_, .pod = "writer", .tail_lines = 2})),
      "line 30\nthe end\n");
}

TEST_F(NodeCheck, ALogEndsWithItsPod) {
  const auto timers = TimerQueue::Start();
  Gathered log;
  Run("gone", "while true; do echo x; sleep 0.2; done");
  WaitUntilRunning("gone");
  const auto follower = LogFollower::Start(
      client_.get(), timers.get(), {.name_space = name_space_, .pod = "gone"}, log.ForLog());
  ASSERT_TRUE(log.WaitForLines(3));
  EXPECT_TRUE(client_->Delete(kPods, name_space_, "gone", {.grace_seconds = 0}).ok());
  ASSERT_TRUE(log.WaitForEnd());
  fmt::print("the end of a deleted pod's log: {}\n", log.end().ToString());
}

TEST_F(NodeCheck, RunsCommands) {
  Run("server", "mkdir /www && echo hello > /www/index.html && httpd -f -p 8080 -h /www");
  WaitUntilRunning("server");
  std::string out;
  EXPECT_EQ(Must(ExecIn("server", {"echo", "a b", "c"}, &out)), 0);
  EXPECT_EQ(out, "a b c\n");
  EXPECT_EQ(Must(ExecIn("server", {"sh", "-c", "exit 7"}, &out)), 7);
  const std::string input(3'000'000, 'y');
  out.clear();
  EXPECT_EQ(Must(ExecIn("server", {"cat"}, &out, input)), 0);
  EXPECT_EQ(out == input, true) << out.size();
  const Status absent = ExecIn("server", {"no-such-program"}, &out).status();
  fmt::print("no such program: {}\n", absent.ToString());
  EXPECT_FALSE(absent.ok());
  EXPECT_EQ(ExecIn("nobody", {"true"}, &out).status().code(), StatusCode::kNotFound);

  // A container that does not run.
  Run("done", "exit 0");
  ASSERT_TRUE(WaitFor([&] {
    return GetString(Must(client_->Get(kPods, name_space_, "done")), {"status", "phase"}) ==
           "Succeeded";
  }));
  const Status ended = ExecIn("done", {"true"}, &out).status();
  fmt::print("a container that has ended: {}\n", ended.ToString());
  EXPECT_FALSE(ended.ok());
}

std::string Fetch(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const timeval limit{.tv_sec = 20, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const std::string_view question = "GET / HTTP/1.0\r\n\r\n";
  EXPECT_EQ(send(fd, question.data(), question.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(question.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t count = 0; (count = recv(fd, buffer, sizeof buffer, 0)) > 0;) {
    answer.append(buffer, static_cast<size_t>(count));
  }
  close(fd);
  return answer;
}

TEST_F(NodeCheck, ForwardsAPort) {
  Run("web", "mkdir /www && echo hello > /www/index.html && httpd -f -p 8080 -h /www");
  WaitUntilRunning("web");
  std::mutex mutex;
  Status trouble;
  const auto on_trouble = [&](const Status& status) {
    const std::lock_guard lock(mutex);
    trouble = status;
  };
  const auto forward = Must(PortForward::Start(client_.get(), {.name_space = name_space_,
                                                               .pod = "web",
                                                               .remote_port = kPodPort,
                                                               .on_trouble = on_trouble}));
  ASSERT_TRUE(
      WaitFor([&] { return Fetch(forward->local_port()).find("hello") != std::string::npos; },
              seconds(10)));
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&] {
        for (int k = 0; k < 5; ++k) EXPECT_THAT(Fetch(forward->local_port()), HasSubstr("hello"));
      });
    }
  }
  const auto nobody = Must(PortForward::Start(
      client_.get(),
      {.name_space = name_space_, .pod = "web", .remote_port = 81, .on_trouble = on_trouble}));
  EXPECT_EQ(Fetch(nobody->local_port()), "");
  EXPECT_TRUE(WaitFor([&] {
    const std::lock_guard lock(mutex);
    return trouble.message().find("port 81") != std::string::npos;
  }));
  fmt::print("nobody listens: {}\n", trouble.ToString());
}

}  // namespace
}  // namespace trainyard::kube
