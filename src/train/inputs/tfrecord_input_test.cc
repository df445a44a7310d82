#include "train/inputs/tfrecord_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "records/record_writer.h"
#include "train/inputs/pipeline.h"
#include "train/testing/number_input.h"

namespace trainyard::train {
namespace {

using testing::Drain;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TfRecordInputTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return JoinPath(dir_.path(), name); }

  std::string WriteRecords(const std::string& name, const std::vector<std::string>& records) {
    const auto writer = records::RecordWriter::Create(Path(name)).value();
    for (const std::string& record : records) EXPECT_TRUE(writer->Append(record).ok());
    return Path(name);
  }
  // Examples with the int64 feature "x": the numbers first to last - 1.
  std::string WriteNumbers(const std::string& name, int64_t first, int64_t last) {
    std::vector<std::string> records;
    for (int64_t i = first; i < last; ++i) {
      records.push_back(records::FormatExample({{"x", std::vector<int64_t>{i}}}));
    }
    return WriteRecords(name, records);
  }
  static TfRecordOptions Numbers() {
    return {.features = {{"x", {.dtype = tf::DataType::kInt64}}}};
  }
  static std::string Error(const std::string& path, const TfRecordOptions& options) {
    const InputPtr input = TfRecordInput({path}, options).value();
    const auto iterator = input->MakeIterator().value();
    while (true) {
      const auto next = iterator->Next();
      if (!next.ok()) return next.status().message();
      if (!next->has_value()) return "no error";
    }
  }

  TemporaryDirectory dir_;
};

TEST_F(TfRecordInputTest, ReadsWhatTheDescriptionAsksFor) {
  const std::string path =
      WriteRecords("a", {records::FormatExample({{"fixed", std::vector<float>{1, 2}},
                                                 {"open", std::vector<int64_t>{7, 8, 9}},
                                                 {"text", std::vector<std::string>{"abc"}},
                                                 {"label", std::vector<int64_t>{4}},
                                                 {"other", std::vector<int64_t>{0}}}),
                         records::FormatExample({{"fixed", std::vector<float>{3, 4}},
                                                 {"label", std::vector<int64_t>{5}}})});
  const TfRecordOptions options{
      .features = {{"fixed", {.shape = {2, 1}}},
                   {"open", {.dtype = tf::DataType::kInt64, .variable_length = true}},
                   {"text",
                    {.dtype = tf::DataType::kString,
                     .default_value = std::vector<std::string>{"none"}}},
                   {"label", {.dtype = tf::DataType::kInt64}}},
      .label = "label"};
  const InputPtr input =
      *Pipeline(TfRecordInput({path}, options)).BatchUp({.batch_size = 2, .pad = true}).Build();
  EXPECT_THAT(input->spec().features.at("fixed").shape, ElementsAre(-1, 2, 1));
  EXPECT_THAT(input->spec().features.at("open").shape, ElementsAre(-1, -1));
  const Batch batch = *input->MakeIterator().value()->Next().value();
  EXPECT_EQ(batch.features.size(), 3u);
  EXPECT_THAT(batch.features.at("fixed").shape(), ElementsAre(2, 2, 1));
  EXPECT_THAT(batch.features.at("fixed").data<float>(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(batch.features.at("open").data<int64_t>(), ElementsAre(7, 8, 9, 0, 0, 0));
  EXPECT_THAT(batch.features.at("text").strings(), ElementsAre("abc", "none"));
  EXPECT_THAT(batch.labels.data<int64_t>(), ElementsAre(4, 5));
}

TEST_F(TfRecordInputTest, FilesFollowEachOtherOrTakeTurnsOrAreShared) {
  const std::vector<std::string> files = {WriteNumbers("a", 0, 3), WriteNumbers("b", 10, 13)};
  EXPECT_THAT(Drain(TfRecordInput(files, Numbers()).value()), ElementsAre(0, 1, 2, 10, 11, 12));
  TfRecordOptions options = Numbers();
  options.cycle_length = 2;
  EXPECT_THAT(Drain(TfRecordInput(files, options).value()), ElementsAre(0, 10, 1, 11, 2, 12));
  options.shard = {.index = 1, .count = 2};
  EXPECT_THAT(Drain(TfRecordInput(files, options).value()), ElementsAre(10, 11, 12));
  options.shard = {.index = 1, .count = 3};
  EXPECT_THAT(Drain(TfRecordInput(files, options).value()), ElementsAre(10, 2));
}

TEST_F(TfRecordInputTest, GoesOnFromEveryPosition) {
  const InputPtr input =
      TfRecordInput({WriteNumbers("a", 0, 9), WriteNumbers("b", 10, 15)}, Numbers()).value();
  for (size_t k = 0; k <= 15; ++k) {
    const auto first = input->MakeIterator().value();
    Drain(*first, k);
    const auto second = input->MakeIterator().value();
    ASSERT_TRUE(second->Restore(first->Save()).ok());
    EXPECT_EQ(Drain(*second), Drain(*first)) << k;
  }
}

TEST_F(TfRecordInputTest, ExamplesThatDoNotFitAreNamedWithFileByteAndFeature) {
  const std::string path = WriteNumbers("a", 0, 2);
  const auto error = [&](const std::string& name, const FeatureDescription& description) {
    return Error(path, {.features = {{name, description}}});
  };
  EXPECT_EQ(error("y", {}), "cannot read " + path +
                                ": the example at byte 0: feature \"y\" is missing and has no"
                                " default");
  EXPECT_EQ(error("x", {}), "cannot read " + path +
                                ": the example at byte 0: feature \"x\" is int64, float was"
                                " expected");
  EXPECT_EQ(error("x", {.dtype = tf::DataType::kInt64, .shape = {3}}),
            "cannot read " + path +
                ": the example at byte 0: feature \"x\" has 1 values, shape [3] was expected");
}

TEST_F(TfRecordInputTest, DamageIsNamedOrSkippedAndCounted) {
  const std::string whole = ReadFile(WriteNumbers("whole", 0, 5)).value();
  const size_t record = whole.size() / 5;
  std::string corrupt = whole;
  corrupt[2 * record + 14] ^= 1;
  const struct {
    std::string bytes;
    std::string message;
    std::vector<int64_t> left;
  } table[] = {
      {corrupt,
       fmt::format("the record at byte {} has a wrong checksum", 2 * record),
       {0, 1, 3, 4}},
      {whole.substr(0, 4 * record + 3),
       fmt::format("the file ends inside the record at byte {}", 4 * record),
       {0, 1, 2, 3}},
  };
  for (const auto& row : table) {
    ASSERT_TRUE(WriteFileAtomically(Path("damaged"), row.bytes).ok());
    EXPECT_EQ(Error(Path("damaged"), Numbers()),
              "cannot read " + Path("damaged") + ": " + row.message);
    TfRecordOptions options = Numbers();
    options.skip_broken = std::make_shared<SkipCounter>();
    EXPECT_EQ(Drain(TfRecordInput({Path("damaged")}, options).value()), row.left);
    EXPECT_EQ(options.skip_broken->count(), 1);
  }
  const std::string text = WriteRecords("text", {"this is no example"});
  EXPECT_THAT(Error(text, Numbers()), HasSubstr(text + ": the example at byte 0: not an Example"));
}

TEST_F(TfRecordInputTest, EveryTruncationIsAnErrorAndNoCrash) {
  const std::string whole = ReadFile(WriteNumbers("whole", 0, 3)).value();
  for (size_t length = 0; length < whole.size(); ++length) {
    ASSERT_TRUE(WriteFileAtomically(Path("part"), whole.substr(0, length), false).ok());
    EXPECT_EQ(Error(Path("part"), Numbers()) == "no error", length % (whole.size() / 3) == 0);
  }
}

TEST_F(TfRecordInputTest, AMissingFileIsAlwaysAnError) {
  TfRecordOptions options = Numbers();
  options.skip_broken = std::make_shared<SkipCounter>();
  EXPECT_THAT(Error(Path("nothing"), options),
              HasSubstr("cannot open " + Path("nothing") + ": No such file"));
}

TEST_F(TfRecordInputTest, ContradictionsInTheDescriptionAreOneLine) {
  const auto message = [](const FeatureDescription& description) {
    return TfRecordInput({"f"}, {.features = {{"x", description}}}).status().message();
  };
  EXPECT_THAT(message({.dtype = tf::DataType::kInt32}), HasSubstr("\"x\" must be float, int64"));
  EXPECT_THAT(message({.shape = {-1}}), HasSubstr("\"x\" has an open shape: use variable_length"));
  EXPECT_THAT(message({.default_value = std::vector<int64_t>{1}}),
              HasSubstr("\"x\" has a default of another type"));
  EXPECT_THAT(message({.shape = {2}, .default_value = std::vector<float>{1}}),
              HasSubstr("\"x\" has a default of another shape"));
  EXPECT_EQ(TfRecordInput({}, Numbers()).status().message(), "TfRecordInput: there are no files");
  TfRecordOptions options = Numbers();
  options.label = "y";
  EXPECT_EQ(TfRecordInput({"f"}, options).status().message(),
            "TfRecordInput: the label \"y\" is not among the features");
}

}  // namespace
}  // namespace trainyard::train
