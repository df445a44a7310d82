#include "train/inputs/csv_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/files.h"
#include "train/inputs/pipeline.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CsvInputTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& text, const std::string& name = "f.csv") {
    const std::string path = JoinPath(dir_.path(), name);
    EXPECT_TRUE(WriteFileAtomically(path, text, false).ok());
    return path;
  }
  // All examples in one batch.
  static Batch All(const Result<InputPtr>& input) {
    EXPECT_TRUE(input.ok()) << input.status();
    const auto batches = BatchUp(*input, {.batch_size = 1000}).value();
    auto next = batches->MakeIterator().value()->Next();
    EXPECT_TRUE(next.ok()) << next.status();
    return next.ok() && next->has_value() ? std::move(**next) : Batch();
  }
  // The first error, with the directory cut off.
  std::string Error(const std::string& text, const CsvOptions& options) {
    const auto input = CsvInput({Write(text)}, options);
    Status status = input.status();
    if (input.ok()) {
      const auto iterator = (*input)->MakeIterator().value();
      while (status.ok()) {
        const auto next = iterator->Next();
        status = next.status();
        if (next.ok() && !next->has_value()) return "no error";
      }
    }
    const std::string& message = status.message();
    const size_t at = message.find(dir_.path());
    return at == std::string::npos ? message : message.substr(at + dir_.path().size() + 1);
  }

  TemporaryDirectory dir_;
};

const CsvColumn kInt{.name = "i", .dtype = tf::DataType::kInt32};
const CsvColumn kText{.name = "t", .dtype = tf::DataType::kString};

TEST_F(CsvInputTest, ReadsChosenColumnsByName) {
  const Batch batch = All(CsvInput({Write("a,i,t\n1.5,7,x\n-2e3,-8,\n")},
                                   {.columns = {{.name = "a"}, kInt, kText}, .label = "i"}));
  EXPECT_THAT(batch.features.at("a").data<float>(), ElementsAre(1.5f, -2000.0f));
  EXPECT_THAT(batch.features.at("t").strings(), ElementsAre("x", ""));
  EXPECT_THAT(batch.labels.data<int32_t>(), ElementsAre(7, -8));
}

TEST_F(CsvInputTest, QuotesLineEndsAndByteOrderMarksAreThoseOfRfc4180) {
  const std::string text =
      "\xef\xbb\xbf"
      "t,i\r\n"
      "\"a,b\",1\r\n"
      "\"line\none\",2\r\n"
      "\r\n"
      "\"say \"\"hi\"\"\",3\r\n"
      "in\"side,4\r\n"
      " blank , 5 \r\n"
      "\"\",6";
  const Batch batch = All(CsvInput({Write(text)}, {.columns = {kInt, kText}}));
  EXPECT_THAT(batch.features.at("t").strings(),
              ElementsAre("a,b", "line\none", "say \"hi\"", "in\"side", " blank ", ""));
  EXPECT_THAT(batch.features.at("i").data<int32_t>(), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(CsvInputTest, EmptyFieldsTakeDefaults) {
  CsvColumn with_default = kInt;
  with_default.default_value = "-1";
  const Batch batch = All(CsvInput({Write("i,t\n,x\nNA,NA\n3,z\n")},
                                   {.columns = {with_default, kText}, .na_value = "NA"}));
  EXPECT_THAT(batch.features.at("i").data<int32_t>(), ElementsAre(-1, -1, 3));
  EXPECT_THAT(batch.features.at("t").strings(), ElementsAre("x", "", "z"));
}

TEST_F(CsvInputTest, InfersTypesAsMakeCsvDatasetDoes) {
  const Batch batch = All(CsvInput({Write("a,b,c,d,e\n"
                                          "1,3000000000,1.5,1e300,1\n"
                                          ",2,3,4,x\n")},
                                   {}));
  EXPECT_THAT(batch.features.at("a").data<int32_t>(), ElementsAre(1, 0));
  EXPECT_THAT(batch.features.at("b").data<int64_t>(), ElementsAre(3000000000, 2));
  EXPECT_THAT(batch.features.at("c").data<float>(), ElementsAre(1.5f, 3.0f));
  EXPECT_THAT(batch.features.at("d").data<double>(), ElementsAre(1e300, 4.0));
  EXPECT_THAT(batch.features.at("e").strings(), ElementsAre("1", "x"));
}

TEST_F(CsvInputTest, FilesWithoutHeaderNeedNames) {
  const Batch batch = All(
      CsvInput({Write("1;x\n2;y\n")},
               {.columns = {kInt}, .header = false, .column_names = {"i", "t"}, .delimiter = ';'}));
  EXPECT_THAT(batch.features.at("i").data<int32_t>(), ElementsAre(1, 2));
  EXPECT_EQ(Error("1\n", {.columns = {kInt}, .header = false}),
            "CsvInput: files without a header need column_names");
}

TEST_F(CsvInputTest, ErrorsNameFileLineAndColumn) {
  const CsvOptions options{.columns = {kInt, kText}};
  EXPECT_EQ(Error("t,i\nx,1\nyy,z7\n", options), "f.csv:3:4: column \"i\": \"z7\" is no int32");
  EXPECT_EQ(Error("t,i\n\"a\nb\",9999999999\n", options),
            "f.csv:3:4: column \"i\": \"9999999999\" is no int32");
  EXPECT_EQ(Error("t,i\nx,\n", options),
            "f.csv:2:3: column \"i\": the field is empty, and the column has no default");
  EXPECT_EQ(Error("t,i\nx,1,2\n", options), "f.csv:2:5: the row has 3 fields, 2 were expected");
  EXPECT_EQ(Error("t,i\nx\n", options), "f.csv:2:1: the row has 1 fields, 2 were expected");
  EXPECT_EQ(Error("t,i\n\"x\"y,1\n", options), "f.csv:2:4: text behind a closing quote");
  EXPECT_EQ(Error("t,i\nx,1\n\"x,1\n", options), "f.csv:3:1: a quote is not closed");
  EXPECT_EQ(Error("", options), "f.csv: there is no header: the file is empty");
  EXPECT_EQ(Error("t,j\n", options), "f.csv: there is no column \"i\"");
  EXPECT_EQ(Error("t,i\n", {.columns = {kInt}, .label = "t"}),
            "CsvInput: the label \"t\" is not among the columns");
  EXPECT_EQ(Error("t,i\n", {.columns = {{.name = "i", .default_value = "x"}}}),
            "CsvInput: the default of column \"i\": \"x\" is no float");
  EXPECT_THAT(CsvInput({"/nothing.csv"}, options).status().message(),
              HasSubstr("cannot open /nothing.csv: No such file"));
}

TEST_F(CsvInputTest, BrokenRowsCanBeSkipped) {
  const auto skipped = std::make_shared<SkipCounter>();
  const Batch batch = All(CsvInput({Write("t,i\na,1\nb,x\n\"c\"d,3\ne,4,5\nf,6\n")},
                                   {.columns = {kInt, kText}, .skip_broken = skipped}));
  EXPECT_THAT(batch.features.at("i").data<int32_t>(), ElementsAre(1, 6));
  EXPECT_EQ(skipped->count(), 3);
}

TEST_F(CsvInputTest, GoesOnFromEveryPosition) {
  std::string text = "t,i\n";
  for (int i = 0; i < 9; ++i) text += fmt::format("\"row\n{}\",{}\n\n", i, i);
  const InputPtr input =
      CsvInput({Write(text, "a.csv"), Write(text, "b.csv")}, {.columns = {kInt}, .cycle_length = 2})
          .value();
  const auto rest = [](BatchIterator& iterator) {
    std::vector<int32_t> numbers;
    while (true) {
      const auto next = iterator.Next().value();
      if (!next.has_value()) return numbers;
      numbers.push_back(next->features.at("i").scalar<int32_t>());
    }
  };
  for (int k = 0; k <= 18; ++k) {
    const auto first = input->MakeIterator().value();
    for (int i = 0; i < k; ++i) (void)first->Next().value();
    const auto second = input->MakeIterator().value();
    ASSERT_TRUE(second->Restore(first->Save()).ok());
    EXPECT_EQ(rest(*second), rest(*first)) << k;
  }
}

TEST_F(CsvInputTest, NoBytesMakeItCrash) {
  std::mt19937 random(1);
  constexpr char kBytes[] = {',', '"', '\n', '\r', 'a', '1', '.', '\0'};
  for (int i = 0; i < 300; ++i) {
    std::string text = "t,i\n";
    for (int k = 0; k < 30; ++k) text.push_back(kBytes[random() % 8]);
    (void)Error(text, {.columns = {kInt, kText}});
    (void)Error(text, {});
  }
}

}  // namespace
}  // namespace trainyard::train
