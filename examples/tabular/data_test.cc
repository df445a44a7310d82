#include "tabular/data.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"

namespace tabular {
namespace {

using namespace trainyard;

class DataTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(WriteFileAtomically(JoinPath(directory_.path(), name), text).ok());
  }
  TemporaryDirectory directory_;
};

TEST_F(DataTest, FilesThatAreThereStay) {
  for (const char* name : {"train.csv", "test.csv", "users.txt"}) Write(name, "mine\n");
  const Result<Files> files = MakeFiles(directory_.path());
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(ReadFile(files->train).value(), "mine\n");
  EXPECT_EQ(ReadFile(files->users).value(), "mine\n");
  EXPECT_EQ(ReadFile(files->films).value().substr(0, 10), "f000\nf001\n");
}

TEST_F(DataTest, EachTrainerReadsItsOwnRows) {
  Write("train.csv",
        "user,film,hour,clicked\nu0,f0,1.5,1\nu1,f0,2.5,0\nu2,f0,3.5,1\nu3,f0,4.5,0\n");
  Write("test.csv", "user,film,hour,clicked\nu9,f7,23,1\n");
  const Files files = MakeFiles(directory_.path()).value();
  train::RunConfig config;
  config.task = spec::ParseTfConfig(R"({"cluster":{"chief":["a:1"],"worker":["b:1"],"ps":["c:1"]},)"
                                    R"("task":{"type":"worker","index":0}})")
                    .value();
  const Result<Data> data = OpenData(files, 2, config);
  ASSERT_TRUE(data.ok()) << data.status();
  const auto batches = data->train->MakeIterator().value();
  for (int pass = 0; pass < 3; ++pass) {
    const train::Batch batch = std::move(*batches->Next().value());
    std::vector<std::string> users = batch.features.at("user").strings();
    std::sort(users.begin(), users.end());
    EXPECT_EQ(users, (std::vector<std::string>{"u1", "u3"}));
    EXPECT_EQ(batch.labels.data<int32_t>()[0], 0);
  }
  const auto test = data->test->MakeIterator().value();
  EXPECT_EQ(test->Next().value()->features.at("hour").data<float>()[0], 23);
  EXPECT_FALSE(test->Next().value().has_value());
}

}  // namespace
}  // namespace tabular
