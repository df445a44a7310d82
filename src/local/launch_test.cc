#include "local/launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/files.h"
#include "local/program.h"

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
  container().env = {{.name = "S", .field_path = "spec.nodeName"}};
  EXPECT_THAT(Build().status().message(), HasSubstr("spec.nodeName has no value"));
  container().env = {};
  container().command = {"no-such-program"};
  EXPECT_THAT(Build().status().message(),
              HasSubstr("cannot run replica chief-0: program \"no-such-program\" not found"));
  container().command = {};
  EXPECT_THAT(Build().status().message(), HasSubstr("its container has no command"));
}

}  // namespace
}  // namespace trainyard::local
