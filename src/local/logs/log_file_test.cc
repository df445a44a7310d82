#include "local/logs/log_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <optional>
#include <thread>

#include "base/files.h"
#include "local/logs/line_reader.h"

namespace trainyard::local {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

TEST(LogCutTest, KeepsLinesWholeAndFilesSmall) {
  struct Row {
    LogPosition position;
    std::string_view output;
    LogCut expected;
  };
  // The limit is 10 bytes.
  const Row rows[] = {
      {{0, 0}, "abc\n", {4, false}},
      {{0, 0}, "abcdefghi\n", {10, false}},
      {{0, 0}, "abc\nabcdefg\n", {4, true}},
      {{4, 4}, "abc\nabcdefg\n", {4, true}},
      {{8, 8}, "abc\n", {0, true}},
      {{10, 10}, "a\n", {0, true}},
      {{50, 50}, "a\n", {0, true}},            // of an earlier run with a larger limit
      {{8, 5}, "abc\nx\n", {4, true}},         // a line begun here is finished here
      {{8, 5}, "abc", {3, false}},             // however long it takes,
      {{12, 5}, "abcdef\n", {3, true}},        // up to the limit
      {{0, 0}, "abcdefghijkl\n", {10, true}},  // a line longer than the limit is cut
      {{0, 0}, "abcdefghij", {10, false}},
      {{10, 0}, "k\n", {0, true}},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(PlanLogCut(row.position, row.output, 10), row.expected)
        << row.position.size << ' ' << row.output;
  }
  EXPECT_EQ(PlanLogCut({1000, 1000}, "abc\n", 0), (LogCut{4, false}));
}

class LogFileTest : public testing::Test {
 protected:
  std::string Content(int number = 0) {
    return ReadFile(RotatedPath(path_, number)).value_or("none");
  }

  TemporaryDirectory directory_;
  std::string path_ = JoinPath(directory_.path(), "worker-0.log");
};

TEST_F(LogFileTest, RotatesAtLineEndsAndKeepsTheNewestFiles) {
  LogFile log(path_, {.max_bytes = 8, .max_files = 3});
  for (const char* line : {"one\n", "two\n", "three\n", "four\n", "fi", "ve\n"}) {
    EXPECT_EQ(log.Write(line), std::string_view(line).size());
  }
  EXPECT_EQ(Content(0), "four\nfive\n");  // begun while there was room
  EXPECT_EQ(Content(1), "three\n");
  EXPECT_EQ(Content(2), "one\ntwo\n");
  EXPECT_EQ(Content(3), "none");
}

TEST_F(LogFileTest, GoesOnWithAnEarlierFileOnANewLine) {
  ASSERT_TRUE(WriteFileAtomically(path_, "cut o").ok());
  LogFile log(path_, {});
  log.Mark("start of worker-0");
  log.Write("hello\n");
  EXPECT_THAT(Content(), MatchesRegex("cut o\n----- trainyard: .{19} start of worker-0\nhello\n"));
}

TEST_F(LogFileTest, WaitsForAReaderThatWantsEveryLine) {
  std::optional<LineReader> reader(std::in_place, path_, LineReader::Mode::kEveryLine);
  reader->SkipToEnd();
  LogFile log(path_, {.max_bytes = 2, .max_files = 2});
  EXPECT_EQ(log.Write("1\n2\n3\n4\n5\n"), 6U);  // 1, 2, 3: one file more than allowed
  std::string seen;
  const auto take = [&](std::string_view lines) { seen += lines; };
  reader->PollBlocks(take);
  EXPECT_EQ(seen, "1\n2\n3\n");
  EXPECT_EQ(log.Write("4\n5\n"), 4U);
  reader.reset();  // nobody is waited for any more
  EXPECT_EQ(log.Write("6\n7\n8\n9\n"), 8U);
  EXPECT_EQ(Content(0) + Content(1) + Content(2), "9\n8\nnone");
}

TEST_F(LogFileTest, NoLineIsLostHoweverFastFilesAreRotated) {
  constexpr int kLines = 5'000;
  LineReader reader(path_, LineReader::Mode::kEveryLine);
  reader.SkipToEnd();
  std::atomic<bool> is_written = false;
  const std::jthread writer([&] {
    LogFile log(path_, {.max_bytes = 100, .max_files = 3});
    std::string output;
    for (int i = 0; i < kLines; ++i) output += fmt::format("line {}\n", i);
    // In pieces that end anywhere.
    for (size_t done = 0; done < output.size();) {
      const size_t taken = log.Write(std::string_view(output).substr(done, 777));
      done += taken;
      if (taken == 0) std::this_thread::yield();
    }
    is_written = true;
  });
  int count = 0;
  bool is_last = false;
  while (!is_last) {
    is_last = is_written;
    reader.Poll([&](std::string_view line) {
      ASSERT_EQ(line, fmt::format("line {}", count));
      ++count;
    });
  }
  EXPECT_EQ(count, kLines);
}

TEST_F(LogFileTest, AReaderThatMayMissLinesGoesOnAtTheOldestFile) {
  LogFile log(path_, {.max_bytes = 2, .max_files = 2});
  LineReader reader(path_);
  std::vector<std::string> seen;
  const auto take = [&](std::string_view line) { seen.emplace_back(line); };
  log.Write("1\n");
  reader.Poll(take);
  log.Write("2\n3\n4\n5\n");
  reader.Poll(take);
  EXPECT_THAT(seen, ElementsAre("1", "4", "5"));
}

// A limit on the size of files stands for a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(LogFileTest, AFullDiskCostsOutputAndIsSaidOnceThereIsRoom) {
  LogFile log(path_, {});
  log.Write("kept\n");
  {
    const FullDisk disk(7);
    EXPECT_EQ(log.Write("lost line\n"), 10U);  // "lo" still fits
    EXPECT_EQ(log.Write("lost, too\n"), 10U);
  }
  log.Write("kept again\n");
  EXPECT_THAT(Content(), MatchesRegex("kept\nlo\n----- trainyard: .{19} 18 bytes of output were "
                                      "lost here: .*\nkept again\n"));
}

TEST_F(LogFileTest, ADirectoryThatIsGoneHurtsNobody) {
  LogFile log(JoinPath(directory_.path(), "gone/worker-0.log"), {.max_bytes = 4, .max_files = 2});
  EXPECT_EQ(log.Write("abc\ndef\n"), 8U);
  log.Mark("note");
}

}  // namespace
}  // namespace trainyard::local
