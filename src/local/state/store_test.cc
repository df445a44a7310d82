#include "local/state/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "local/state/registry.h"
#include "local/state/timestamp.h"
#include "local/state/workdir.h"

namespace trainyard::local {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class StoreTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) { return JoinPath(directory_.path(), name); }
  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(MakeDirectories(Path(name.substr(0, name.find_last_of('/')))).ok());
    ASSERT_TRUE(WriteFileAtomically(Path(name), text).ok());
  }

  TemporaryDirectory directory_;
  JobStore store_{directory_.path()};
};

TEST_F(StoreTest, KeepsTheRecord) {
  EXPECT_EQ(store_.Read().status().code(), StatusCode::kNotFound);
  for (const auto durability :
       {JobStore::Durability::kSurvivesKill, JobStore::Durability::kSurvivesPowerLoss}) {
    ASSERT_TRUE(store_.Write({.name = "digits"}, durability).ok());
    EXPECT_EQ(store_.Read()->name, "digits");
  }
}

TEST_F(StoreTest, ADamagedRecordIsNamed) {
  Write(".trainyard/status.json", "{\"name\":\"dig");
  EXPECT_EQ(store_.Read().status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(store_.Read().status().message(),
              HasSubstr(Path(".trainyard/status.json") + " is damaged"));
}

TEST_F(StoreTest, KeepsTheTextBelowAHeading) {
  ASSERT_TRUE(store_.Write({.name = "a"}, JobStore::Durability::kSurvivesKill).ok());
  const std::string text = "# mine\n#\nkind: TFJob\n";
  ASSERT_TRUE(store_
                  .WriteJobText(text, {.file = "/x/job.yaml",
                                       .overrides = {"args.a=1", "args.b=two\n#\nlines"}})
                  .ok());
  EXPECT_EQ(*store_.ReadJobText(),
            "# As submitted to trainyard run from /x/job.yaml\n# --set args.a=1\n"
            "# --set args.b=two # lines\n#\n" +
                text);
  EXPECT_EQ(WithoutHeading(*store_.ReadJobText()), text);
  EXPECT_EQ(WithoutHeading(text), text);
}

TEST_F(StoreTest, KeepsTheHistoryAndPassesOverWhatIsNone) {
  ASSERT_TRUE(store_.Write({.name = "a"}, JobStore::Durability::kSurvivesKill).ok());
  const HistoryEvent first{.reason = "One", .message = "1"};
  const HistoryEvent second{.reason = "Two", .message = "2"};
  ASSERT_TRUE(store_.AppendEvents(std::vector{first}).ok());
  Write(".trainyard/events.jsonl", *ReadFile(Path(".trainyard/events.jsonl")) + "{\"ti\n");
  ASSERT_TRUE(store_.AppendEvents(std::vector{second}).ok());
  EXPECT_THAT(store_.ReadEvents(), ElementsAre(first, second));
}

TEST_F(StoreTest, ALongHistoryIsReadFromItsEnd) {
  ASSERT_TRUE(store_.Write({.name = "a"}, JobStore::Durability::kSurvivesKill).ok());
  std::vector<HistoryEvent> events(3000, {.reason = "R", .message = std::string(1000, 'x')});
  events.back().reason = "Last";
  ASSERT_TRUE(store_.AppendEvents(events).ok());
  const auto read = store_.ReadEvents();
  EXPECT_GT(read.size(), 500u);
  EXPECT_LT(read.size(), 1100u);
  EXPECT_EQ(read.back().reason, "Last");
}

TEST_F(StoreTest, BeginningAnewKeepsTheLastLogs) {
  Write("logs/worker-0.log", "new");
  Write("logs/worker-0.log.1", "older");
  Write("logs/previous/chief-0.log", "oldest");
  Write(".trainyard/events.jsonl", "{}\n");
  ASSERT_TRUE(store_.BeginAnew().ok());
  EXPECT_THAT(*ListDirectory(Path("logs")), ElementsAre("previous"));
  EXPECT_THAT(*ListDirectory(Path("logs/previous")), ElementsAre("worker-0.log", "worker-0.log.1"));
  EXPECT_FALSE(PathExists(Path(".trainyard/events.jsonl")));
}

TEST_F(StoreTest, RemovalLeavesResults) {
  Write("model/checkpoint", "x");
  Write("logs/worker-0.log", "x");
  Write("progress/worker-0.jsonl", "x");
  Write(".trainyard/status.json", "{}");
  ASSERT_TRUE(store_.Remove().ok());
  EXPECT_THAT(*ListDirectory(directory_.path()), ElementsAre("model"));
}

TEST_F(StoreTest, TheRegistryFindsJobsAndForgetsThoseThatAreGone) {
  const Registry registry(Path("state"));
  Write("a/.trainyard/status.json", "{}");
  Write("b/.trainyard/status.json", "{}");
  ASSERT_TRUE(registry.Add(Path("b")).ok());
  ASSERT_TRUE(registry.Add(Path("a")).ok());
  ASSERT_TRUE(registry.Add(Path("a")).ok());
  EXPECT_THAT(registry.List(), ElementsAre(Path("a"), Path("b")));
  ASSERT_TRUE(RemoveRecursively(Path("a")).ok());
  EXPECT_THAT(registry.List(), ElementsAre(Path("b")));
  EXPECT_THAT(*ListDirectory(Path("state/jobs")), ElementsAre(Registry::IdOf(Path("b"))));
  registry.Remove(Path("b"));
  EXPECT_THAT(registry.List(), ElementsAre());
}

TEST_F(StoreTest, ARegistryThatCannotBeWrittenSaysSo) {
  ASSERT_TRUE(WriteFileAtomically(Path("file"), "").ok());
  EXPECT_THAT(Registry(Path("file")).Add("/x").message(), HasSubstr(Path("file")));
  EXPECT_TRUE(Registry("").Add("/x").ok());
  EXPECT_THAT(Registry("").List(), ElementsAre());
}

TEST_F(StoreTest, TheLockIsSeenWithoutBeingTaken) {
  EXPECT_FALSE(LockHolder(directory_.path()));
  {
    const auto held = Workdir::Open(directory_.path());
    ASSERT_TRUE(held.ok());
    EXPECT_EQ(LockHolder(directory_.path()), getpid());
    EXPECT_THAT(Workdir::Open(directory_.path()).status().message(),
                HasSubstr(fmt::format("another run (process {}) is using it", getpid())));
  }
  EXPECT_FALSE(LockHolder(directory_.path()));
}

TEST_F(StoreTest, AProcessIsNotTakenForAnother) {
  const ProcessIdentity self = ThisProcess();
  EXPECT_TRUE(IsAlive(self));
  EXPECT_FALSE(IsAlive({self.pid, self.start_ticks + 1}));
  EXPECT_FALSE(IsAlive({0, 0}));
  const pid_t child = fork();
  if (child == 0) _exit(0);
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  EXPECT_FALSE(IsAlive({child, self.start_ticks}));  // only its remains
  waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace trainyard::local
