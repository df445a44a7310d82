#include "local/launch/launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/files.h"
#include "local/launch/program.h"

namespace trainyard::local {
namespace {

using spec::ReplicaType;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ExpandVariablesTest, FollowsKubernetes) {
  const Environment variables = {{"A", "1"}, {"B", "$(A)"}, {"EMPTY", ""}};
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"$(A)", "1"},          {"x$(A)y$(A)", "x1y1"},
      {"$(B)", "$(A)"},       {"$(NONE)", "$(NONE)"},
      {"$$(A)", "$(A)"},      {"$$$(A)", "$1"},
      {"$A ${A}", "$A ${A}"}, {"$(A", "$(A"},
      {"$(EMPTY)", ""},       {"$", "$"},
      {"a$", "a$"},           {"", ""},
  };
  for (const auto& [text, expected] : rows) EXPECT_EQ(ExpandVariables(text, variables), expected);
}

class ProgramTest : public testing::Test {
 protected:
  void Write(const std::string& name, mode_t mode) {
    const std::string path = JoinPath(directory_.path(), name);
    ASSERT_TRUE(WriteFileAtomically(path, "#!/bin/sh\n").ok());
    chmod(path.c_str(), mode);
  }
  std::string In(const std::string& name) { return JoinPath(directory_.path(), name); }

  TemporaryDirectory directory_;
};

TEST_F(ProgramTest, IsSearchedInPathThenExtraDirectoriesThenHere) {
  ASSERT_TRUE(MakeDirectories(In("bin")).ok());
  ASSERT_TRUE(MakeDirectories(In("extra")).ok());
  Write("bin/a", 0755);
  Write("extra/a", 0755);
  Write("extra/b", 0755);
  Write("c", 0755);
  const ProgramSearch search{directory_.path(), In("bin") + "::/nowhere", {In("extra")}};
  EXPECT_EQ(*FindProgram("a", search), In("bin/a"));
  EXPECT_EQ(*FindProgram("b", search), In("extra/b"));
  EXPECT_EQ(*FindProgram("c", search), In("c"));
  EXPECT_EQ(*FindProgram("./c", search), In("./c"));
  EXPECT_EQ(*FindProgram("/bin/sh", search), "/bin/sh");
}

TEST_F(ProgramTest, ThatIsMissingNamesThePlacesSearched) {
  Write("plain", 0644);
  const ProgramSearch search{directory_.path(), "/nowhere", {"/extra"}};
  EXPECT_THAT(FindProgram("x", search).status().message(),
              HasSubstr("program \"x\" not found; searched /nowhere, /extra, "));
  EXPECT_THAT(FindProgram("./x", search).status().message(), HasSubstr("/./x not found"));
  EXPECT_THAT(FindProgram("plain", search).status().message(), HasSubstr("is not executable"));
  EXPECT_FALSE(FindProgram("", search).ok());
}

class LaunchTest : public testing::Test {
 protected:
  LaunchTest() {
    job_.name = "mnist";
    job_.uid = "u-1";
    spec::ReplicaSpec& chief = job_.replicas[ReplicaType::kChief];
    chief.pod.container.command = {"sh"};
    chief.pod.container.args = {"-c", "$(TRAINYARD_OUT)/x $(NAME)"};
    job_.replicas[ReplicaType::kWorker] = chief;
    context_.environment = {{"PATH", "/bin"}, {"HOME", "/root"}, {"TF_CONFIG", "outer"}};
    context_.directory = "/tmp";
    context_.workdir = "/tmp/out";
    context_.progress_path = "/tmp/out/progress/chief-0.jsonl";
    context_.cluster.jobs["chief"][0] = "127.0.0.1:1";
    context_.cluster.jobs["worker"][0] = "127.0.0.1:2";
  }

  Result<Launch> Build() { return BuildLaunch(job_, {ReplicaType::kChief, 0}, context_); }
  spec::Container& container() { return job_.replicas[ReplicaType::kChief].pod.container; }

  spec::TFJob job_;
  LaunchContext context_;
};

TEST_F(LaunchTest, BuildsArgumentsAndEnvironment) {
  container().env = {{.name = "NAME", .field_path = "metadata.name"},
                     {.name = "FULL", .value = "$(NAME)/$(HOME)"},
                     {.name = "TRAINYARD_OUT", .value = "/out"}};
  const auto launch = Build();
  ASSERT_TRUE(launch.ok()) << launch.status();
  EXPECT_EQ(launch->program, "/bin/sh");
  EXPECT_THAT(launch->argv, ElementsAre("sh", "-c", "/tmp/out/x mnist-chief-0"));
  EXPECT_EQ(launch->env.at("FULL"), "mnist-chief-0/$(HOME)");
  EXPECT_EQ(launch->env.at("HOME"), "/root");
  EXPECT_EQ(launch->env.at("TRAINYARD_OUT"), "/tmp/out");
  EXPECT_EQ(launch->env.at("TRAINYARD_REPLICA"), "chief-0");
  EXPECT_EQ(launch->env.at("TF_CONFIG"),
            R"({"cluster":{"chief":["127.0.0.1:1"],"worker":["127.0.0.1:2"]},)"
            R"("task":{"type":"chief","index":0},"environment":"cloud"})");
}

TEST_F(LaunchTest, AJobOfOneReplicaHasNoTfConfig) {
  job_.replicas.erase(ReplicaType::kWorker);
  EXPECT_FALSE(Build()->env.contains("TF_CONFIG"));
}

TEST_F(LaunchTest, AWorkingDirectoryOfTheImageIsNoted) {
  container().working_dir = "/app/none";
  const auto launch = Build();
  EXPECT_EQ(launch->directory, "/tmp");
  EXPECT_THAT(launch->notes, ElementsAre(HasSubstr("/app/none is not on this machine")));
}

TEST_F(LaunchTest, SaysWhatCannotBeDoneHere) {
  container().env = {{.name = "S", .other_source = "secretKeyRef"}};
  EXPECT_THAT(Build().status().message(), HasSubstr("env S: a value from secretKeyRef"));
  container().env = {{.name = "S", .field_path = "status.phase"}};
  EXPECT_THAT(Build().status().message(), HasSubstr("status.phase has no value"));
  container().env = {};
  container().command = {"no-such-program"};
  EXPECT_THAT(Build().status().message(),
              HasSubstr("cannot run replica chief-0: program \"no-such-program\" not found"));
  container().command = {};
  EXPECT_THAT(Build().status().message(), HasSubstr("its container has no command"));
}

// A job whose image is a directory with a Dockerfile.
class MappedLaunchTest : public LaunchTest {
 protected:
  MappedLaunchTest() {
    Write("Dockerfile",
          "FROM python:3\nWORKDIR /app\nENV MODE=fast CONFIG=/app/conf.json\n"
          "COPY src/ .\nCOPY conf.json .\nCMD [\"sh\", \"main.sh\"]\n");
    Write("src/main.sh", "echo hello\n");
    Write("conf.json", "{}\n");
    Write("usr/bin/tool", "#!/bin/sh\n");
    chmod(In("usr/bin/tool").c_str(), 0755);
    context_.options.images = {{"me/mnist", directory_.path()}};
    container() = {.image = "me/mnist:1.0"};
  }

  void Write(const std::string& name, std::string_view content) {
    const std::string path = In(name);
    ASSERT_TRUE(MakeDirectories(path.substr(0, path.rfind('/'))).ok());
    ASSERT_TRUE(WriteFileAtomically(path, content).ok());
  }
  std::string In(const std::string& name) { return JoinPath(directory_.path(), name); }

  TemporaryDirectory directory_;
};

TEST_F(MappedLaunchTest, StartsWhatTheImageStarts) {
  const auto launch = Build();
  ASSERT_TRUE(launch.ok()) << launch.status();
  EXPECT_EQ(launch->program, "/bin/sh");
  EXPECT_THAT(launch->argv, ElementsAre("sh", "main.sh"));
  EXPECT_EQ(launch->directory, In("src"));
  EXPECT_EQ(launch->env.at("MODE"), "fast");
  EXPECT_EQ(launch->env.at("CONFIG"), In("conf.json"));
}

TEST_F(MappedLaunchTest, ReplacesPathsOfTheImageThatAreNotHere) {
  container().command = {"sh", "-c", "sh /app/main.sh --conf=/app/conf.json /bin/sh /app/none"};
  EXPECT_EQ(Build()->argv.back(),
            fmt::format("sh {} --conf={} /bin/sh /app/none", In("src/main.sh"), In("conf.json")));
  container().command = {"tool"};
  EXPECT_EQ(Build()->program, In("usr/bin/tool"));
  container().command = {"/usr/bin/tool", "conf.json"};
  EXPECT_EQ(Build()->program, In("usr/bin/tool"));
  EXPECT_THAT(Build()->argv, ElementsAre(In("usr/bin/tool"), In("conf.json")));
}

TEST_F(MappedLaunchTest, TheContainersOwnWordsCountMoreThanTheImages) {
  container().env = {{.name = "MODE", .value = "slow"}};
  container().working_dir = "/usr";
  container().args = {"tool", "$(MODE)"};
  const auto launch = Build();
  ASSERT_TRUE(launch.ok()) << launch.status();
  EXPECT_EQ(launch->env.at("MODE"), "slow");
  EXPECT_EQ(launch->directory, In("usr"));
  EXPECT_THAT(launch->argv, ElementsAre("tool", "slow"));
}

TEST_F(LaunchTest, WithoutCommandOrMappingSaysHowToMapTheImage) {
  container().command = {};
  container().image = "me/mnist:1.0";
  EXPECT_THAT(Build().status().message(), HasSubstr("add --map-image me/mnist=DIR"));
  container().command = {"/opt/train"};
  EXPECT_THAT(Build().status().message(),
              HasSubstr("program /opt/train not found; if it is in the image, add --map-image"));
}

TEST_F(LaunchTest, PathsOfVolumesAreReplacedInCommandArgumentsAndVariables) {
  job_.replicas[ReplicaType::kChief].pod.volumes = {
      {.name = "data", .kind = spec::Volume::Kind::kClaim, .source = "mnist"}, {.name = "tmp"}};
  container().volume_mounts = {{.volume = "data", .mount_path = "/data"},
                               {.volume = "tmp", .mount_path = "/data/tmp"}};
  container().env = {{.name = "DATA", .value = "/data/train:/database"}};
  container().args = {"-c", "ls $(DATA)", "--tmp=/data/tmp/x", "/data"};
  container().working_dir = "/data/run";
  const auto launch = Build();
  ASSERT_TRUE(launch.ok()) << launch.status();
  const std::string data = "/tmp/out/volumes/mnist";
  EXPECT_EQ(launch->env.at("DATA"), data + "/train:/database");
  EXPECT_THAT(launch->argv, ElementsAre("sh", "-c", "ls " + data + "/train:/database",
                                        "--tmp=/tmp/out/volumes/chief-0/tmp/x", data));
  EXPECT_EQ(launch->directory, data + "/run");
  EXPECT_THAT(launch->notes, ElementsAre(HasSubstr("/data, /data/tmp is replaced")));
}

TEST_F(LaunchTest, LimitsThatCannotBeEnforcedAndClusterOnlyFieldsAreNoted) {
  container().limits = {.cpu = 0.6, .memory_bytes = int64_t{2} << 30};
  job_.replicas[ReplicaType::kChief].pod.cluster_only = {"livenessProbe", "lifecycle.preStop"};
  context_.trees.why_no_memory = "Permission denied";
  auto launch = Build();
  EXPECT_EQ(launch->limits, (spec::ResourceLimits{.cpu = 0.6}));
  EXPECT_THAT(launch->notes, ElementsAre("limits.memory 2Gi is not enforced: Permission denied",
                                         "livenessProbe, lifecycle.preStop are not honoured here"));
  context_.options.enforce_limits = false;
  EXPECT_EQ(Build()->limits, spec::ResourceLimits{});
}

TEST_F(LaunchTest, ABatchJobHasNoTfConfigButAnIndex) {
  job_.rules = spec::JobRules::kBatchJob;
  job_.is_indexed = true;
  const auto launch = BuildLaunch(job_, {ReplicaType::kWorker, 0}, context_);
  ASSERT_TRUE(launch.ok()) << launch.status();
  EXPECT_FALSE(launch->env.contains("TF_CONFIG"));
  EXPECT_EQ(launch->env.at("JOB_COMPLETION_INDEX"), "0");
}

}  // namespace
}  // namespace trainyard::local
