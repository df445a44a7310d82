#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <string>
#include <vector>

#include "base/files.h"
#include "records/record_reader.h"
#include "records/record_writer.h"

namespace trainyard::records {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<std::string> kRecords = {"first", "", std::string(40, 'b'), "last one"};

std::string BytesOf(const std::vector<std::string>& records) {
  TemporaryDirectory dir;
  const std::string path = JoinPath(dir.path(), "records");
  {
    auto writer = RecordWriter::Create(path).value();
    for (const std::string& record : records) EXPECT_TRUE(writer->Append(record).ok());
  }
  return ReadFile(path).value();
}

// A file with these bytes, and a reader of it.
class FileUnderTest {
 public:
  explicit FileUnderTest(const std::string& bytes) : path_(JoinPath(dir_.path(), "records")) {
    Grow(bytes);
    reader_ = RecordReader::Open(path_).value();
  }
  void Grow(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary | std::ios::app) << bytes;
  }
  RecordReader& reader() { return *reader_; }

  struct Seen {
    std::vector<std::string> whole;
    int corrupt = 0;
    RecordState last = RecordState::kEnd;
  };
  Seen ReadAll() {
    Seen seen;
    while (true) {
      const Record record = reader_->Next().value();
      seen.last = record.state;
      if (record.state == RecordState::kWhole) {
        seen.whole.emplace_back(record.bytes);
      } else if (record.state == RecordState::kCorrupt) {
        ++seen.corrupt;
      } else {
        return seen;
      }
    }
  }

 private:
  TemporaryDirectory dir_;
  std::string path_;
  std::unique_ptr<RecordReader> reader_;
};

TEST(RecordsTest, ReadsBackWhatWasWritten) {
  FileUnderTest file(BytesOf(kRecords));
  const auto seen = file.ReadAll();
  EXPECT_EQ(seen.whole, kRecords);
  EXPECT_EQ(seen.corrupt, 0);
  EXPECT_EQ(seen.last, RecordState::kEnd);
}

TEST(RecordsTest, ReadsRecordsLongerThanItsWindow) {
  const std::vector<std::string> records = {std::string(3'000'000, 'x'), "y",
                                            std::string(262'144, 'z')};
  FileUnderTest file(BytesOf(records));
  EXPECT_EQ(file.ReadAll().whole, records);
}

TEST(RecordsTest, CutAtEveryByteItGivesTheWholeRecordsAndGoesOnWhenTheRestArrives) {
  const std::string bytes = BytesOf(kRecords);
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    FileUnderTest file(bytes.substr(0, cut));
    auto seen = file.ReadAll();
    ASSERT_EQ(seen.corrupt, 0) << cut;
    const bool at_boundary = file.reader().offset() == cut;
    ASSERT_EQ(seen.last, at_boundary ? RecordState::kEnd : RecordState::kTruncated) << cut;
    file.Grow(bytes.substr(cut));
    for (const std::string& record : file.ReadAll().whole) seen.whole.push_back(record);
    ASSERT_EQ(seen.whole, kRecords) << cut;
  }
}

TEST(RecordsTest, OneFlippedByteCostsOneRecord) {
  const std::string bytes = BytesOf(kRecords);
  const size_t begin = 5 + 16;
  const size_t end = bytes.size() - (8 + 16);
  for (size_t at = begin; at < end; ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    FileUnderTest file(damaged);
    const auto seen = file.ReadAll();
    ASSERT_EQ(seen.corrupt, 1) << at;
    ASSERT_EQ(seen.whole.size(), 3u) << at;
    ASSERT_EQ(seen.whole.front(), "first") << at;
    ASSERT_EQ(seen.whole.back(), "last one") << at;
    ASSERT_EQ(seen.last, RecordState::kEnd) << at;
  }
}

TEST(RecordsTest, ZeroFilledTailOfACrashIsReportedOnceAndReadingGoesOnBehindIt) {
  FileUnderTest file(BytesOf({"a"}) + std::string(1000, '\0'));
  auto seen = file.ReadAll();
  EXPECT_THAT(seen.whole, ElementsAre("a"));
  EXPECT_EQ(seen.corrupt, 1);
  EXPECT_EQ(file.ReadAll().corrupt, 0);
  file.Grow(BytesOf({"b"}));
  EXPECT_THAT(file.ReadAll().whole, ElementsAre("b"));
}

TEST(RecordsTest, HugeLengthTakesNoMemory) {
  std::string header("\xff\xff\xff\xff\xff\xff\xff\x7f", 8);
  const std::string framed = BytesOf({header});
  // A header that claims 2^63 - 1 bytes, with a right checksum: that of the record holding it.
  const std::string checksum = framed.substr(framed.size() - 4);
  FileUnderTest file(header + checksum + "xxxx");
  EXPECT_EQ(file.ReadAll().last, RecordState::kTruncated);
}

TEST(RecordsTest, ReaderStartsWhereAnotherStopped) {
  TemporaryDirectory dir;
  const std::string path = JoinPath(dir.path(), "r");
  auto writer = RecordWriter::Create(path).value();
  ASSERT_TRUE(writer->Append("one").ok());
  ASSERT_TRUE(writer->Append("two").ok());
  ASSERT_TRUE(writer->Flush().ok());
  auto first = RecordReader::Open(path).value();
  ASSERT_EQ(first->Next().value().bytes, "one");
  auto second = RecordReader::Open(path, first->offset()).value();
  EXPECT_EQ(second->Next().value().bytes, "two");
}

TEST(RecordsTest, MissingFileAndExistingFileAreNamed) {
  TemporaryDirectory dir;
  const std::string path = JoinPath(dir.path(), "r");
  EXPECT_EQ(RecordReader::Open(path).status().code(), StatusCode::kNotFound);
  auto writer = RecordWriter::Create(path).value();
  const Status again = RecordWriter::Create(path).status();
  EXPECT_EQ(again.code(), StatusCode::kAlreadyExists);
  EXPECT_THAT(again.message(), HasSubstr(path));
}

// The size limit stands in for a full disk: write() fails in the middle of a record.
TEST(RecordsTest, AfterAFullDiskTheFileGoesOnAtTheVeryByte) {
  TemporaryDirectory dir;
  const std::string path = JoinPath(dir.path(), "r");
  auto writer = RecordWriter::Create(path).value();
  struct rlimit old_limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = old_limit;
  small.rlim_cur = 30;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  for (const char* text : {"one", "two", "three"}) ASSERT_TRUE(writer->Append(text).ok());
  const Status full = writer->Flush();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  EXPECT_FALSE(full.ok());
  EXPECT_THAT(full.message(), HasSubstr("cannot write " + path));
  EXPECT_EQ(ReadFile(path).value().size(), 30u);
  EXPECT_TRUE(writer->Flush().ok());
  EXPECT_EQ(ReadFile(path).value(), BytesOf({"one", "two", "three"}));
}

}  // namespace
}  // namespace trainyard::records
