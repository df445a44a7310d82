#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <limits>
#include <thread>
#include <vector>

#include "base/files.h"
#include "base/wire.h"
#include "records/event_reader.h"
#include "records/event_writer.h"

namespace trainyard::records {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Pair;
using ::testing::SizeIs;

std::vector<Event> ReadEvents(const std::string& path) {
  auto reader = EventReader::Open(path).value();
  std::vector<Event> events;
  for (Event event; reader->Next(&event).value();) events.push_back(event);
  EXPECT_EQ(reader->corrupt_records(), 0);
  return events;
}

TEST(EventFilesTest, NewFileHasItsNameAndItsFirstEventAtOnce) {
  TemporaryDirectory dir;
  const auto writer = EventWriter::Create(JoinPath(dir.path(), "a/b"), ".suffix").value();
  EXPECT_THAT(writer->path(), MatchesRegex(".*/a/b/events.out.tfevents.[0-9]{10}\\..+\\.suffix"));
  const auto events = ReadEvents(writer->path());
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].file_version, "brain.Event:2");
  EXPECT_EQ(events[0].writer, "trainyard.records.event_writer");
  EXPECT_EQ(events[0].step, 0);
  EXPECT_GT(events[0].wall_time, 1.7e9);
}

TEST(EventFilesTest, WritersInTheSameSecondTakeFilesOfTheirOwn) {
  TemporaryDirectory dir;
  const auto first = EventWriter::Create(dir.path()).value();
  const auto second = EventWriter::Create(dir.path()).value();
  EXPECT_LT(first->path(), second->path());
}

TEST(EventFilesTest, EveryKindOfEventComesBack) {
  TemporaryDirectory dir;
  auto writer = EventWriter::Create(dir.path()).value();
  const std::vector<Scalar> scalars = {{"loss", 0.25f}, {"global_step/sec", 38.5f}};
  ASSERT_TRUE(writer->AddSessionStart(0).ok());
  ASSERT_TRUE(writer->AddGraph("graph bytes").ok());
  ASSERT_TRUE(writer->AddScalars(7, scalars, 1234.5).ok());
  ASSERT_TRUE(writer->AddTensorText(7, "checkpoint_path", "model.ckpt-7").ok());
  ASSERT_TRUE(writer->AddCheckpointLog(7, "m/model.ckpt").ok());
  ASSERT_TRUE(writer->AddHistogram(8, "weights", std::vector<float>{1, 2}).ok());
  ASSERT_TRUE(writer->Flush().ok());
  const auto events = ReadEvents(writer->path());
  ASSERT_THAT(events, SizeIs(7));
  EXPECT_EQ(events[1].session_state, SessionState::kStart);
  EXPECT_EQ(events[2].graph_def, "graph bytes");
  EXPECT_EQ(events[3].step, 7);
  EXPECT_EQ(events[3].wall_time, 1234.5);
  EXPECT_EQ(events[3].scalars, scalars);
  EXPECT_THAT(events[4].texts, ElementsAre(Pair("checkpoint_path", "model.ckpt-7")));
  EXPECT_EQ(events[5].session_state, SessionState::kCheckpoint);
  EXPECT_EQ(events[5].checkpoint_path, "m/model.ckpt");
  EXPECT_THAT(events[6].histograms, SizeIs(1));
}

TEST(EventFilesTest, SummaryBytesAreTakenAsTheyAre) {
  WireWriter tensor;
  tensor.Varint(1, 1).Bytes(4, std::string("\0\0\x80\x3f", 4));
  WireWriter value;
  value.Bytes(1, "from_tensor").Message(8, tensor);
  WireWriter summary;
  summary.Message(1, value);
  TemporaryDirectory dir;
  auto writer = EventWriter::Create(dir.path()).value();
  ASSERT_TRUE(writer->AddSummaryBytes(3, summary.str()).ok());
  ASSERT_TRUE(writer->Flush().ok());
  EXPECT_THAT(ReadEvents(writer->path())[1].scalars, ElementsAre(Pair("from_tensor", 1.0f)));
}

TEST(EventFilesTest, EventsReachTheFileOnTheirOwn) {
  TemporaryDirectory dir;
  auto writer = EventWriter::Create(dir.path()).value();
  ASSERT_TRUE(writer->AddScalars(1, std::vector<Scalar>{{"loss", 1.f}}).ok());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (ReadEvents(writer->path()).size() < 2) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::yield();
  }
}

TEST(EventFilesTest, EventsReachTheFileAtDestruction) {
  TemporaryDirectory dir;
  auto writer = EventWriter::Create(dir.path()).value();
  const std::string path = writer->path();
  ASSERT_TRUE(writer->AddScalars(1, std::vector<Scalar>{{"loss", 1.f}}).ok());
  writer.reset();
  EXPECT_THAT(ReadEvents(path), SizeIs(2));
}

// The size limit stands in for a full disk.
TEST(EventFilesTest, FullDiskIsReportedAndNeitherLosesEventsNorHangs) {
  TemporaryDirectory dir;
  auto writer = EventWriter::Create(dir.path()).value();
  struct rlimit old_limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = old_limit;
  small.rlim_cur = 100;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  ASSERT_TRUE(writer->AddTensorText(1, "text", std::string(200, 'x')).ok());
  const Status full = writer->Flush();
  auto destroyed_while_full = EventWriter::Create(JoinPath(dir.path(), "b")).value();
  ASSERT_TRUE(destroyed_while_full->AddTensorText(1, "text", std::string(200, 'x')).ok());
  destroyed_while_full.reset();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  EXPECT_THAT(full.message(), HasSubstr("cannot write " + writer->path()));
  ASSERT_TRUE(writer->Flush().ok());
  EXPECT_THAT(ReadEvents(writer->path()), SizeIs(2));
}

TEST(EventFilesTest, ThreadsShareAWriter) {
  TemporaryDirectory dir;
  auto writer = EventWriter::Create(dir.path()).value();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&writer] {
        for (int step = 0; step < 500; ++step) {
          EXPECT_TRUE(writer->AddScalars(step, std::vector<Scalar>{{"loss", 1.f}}).ok());
        }
      });
    }
  }
  ASSERT_TRUE(writer->Flush().ok());
  EXPECT_THAT(ReadEvents(writer->path()), SizeIs(2001));
}

TEST(EventFilesTest, DirectoryThatCannotBeMadeIsNamed) {
  const Status status = EventWriter::Create("/proc/none/model").status();
  EXPECT_THAT(status.message(), HasSubstr("/proc/none"));
}

TEST(EventFilesTest, HistogramOfNoNumberIsRefusedWithItsTag) {
  TemporaryDirectory dir;
  auto writer = EventWriter::Create(dir.path()).value();
  const std::vector<float> values = {std::numeric_limits<float>::quiet_NaN()};
  EXPECT_EQ(writer->AddHistogram(5, "weights", values).message(),
            "cannot write histogram \"weights\" at step 5: one of its 1 numbers is nan");
}

TEST(EventFilesTest, RecordThatIsNoEventIsCountedAndPassedOver) {
  TemporaryDirectory dir;
  const std::string path = JoinPath(dir.path(), "events");
  {
    auto records = RecordWriter::Create(path).value();
    ASSERT_TRUE(records->Append("\x0b no message").ok());
    ASSERT_TRUE(records->Append(FormatGraphEvent(1, "g")).ok());
  }
  auto reader = EventReader::Open(path).value();
  Event event;
  ASSERT_TRUE(reader->Next(&event).value());
  EXPECT_EQ(event.graph_def, "g");
  EXPECT_EQ(reader->corrupt_records(), 1);
}

}  // namespace
}  // namespace trainyard::records
