#include "serving/models/warm_up.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "records/record_writer.h"
#include "serving/testing/test_models.h"
#include "tensorflow/serving/prediction_log.pb.h"

namespace trainyard::serving {
namespace {

using ::tensorflow::serving::PredictionLog;
using ::testing::HasSubstr;

class WarmUpTest : public ::testing::Test {
 protected:
  WarmUpTest()
      : directory_(WriteLineModel(dir_.path(), 1, 0.5f)),
        path_(JoinPath(directory_, "assets.extra/tf_serving_warmup_requests")),
        servable_(Servable::Load({"line", 1}, directory_, {}).value()) {
    CHECK(MakeDirectories(JoinPath(directory_, "assets.extra")).ok());
  }

  void Record(const std::vector<std::string>& records) {
    ASSERT_TRUE(RemoveRecursively(path_).ok());
    const auto writer = records::RecordWriter::Create(path_).value();
    for (const std::string& record : records) ASSERT_TRUE(writer->Append(record).ok());
    ASSERT_TRUE(writer->Flush().ok());
  }
  Status Run() const { return WarmUp(*servable_, directory_, {.iterations = 2}); }

  TemporaryDirectory dir_;
  const std::string directory_;
  const std::string path_;
  const std::unique_ptr<const Servable> servable_;
};

PredictionLog Predict(::tensorflow::DataType type) {
  PredictionLog log;
  auto& x = (*log.mutable_predict_log()->mutable_request()->mutable_inputs())["x"];
  x.set_dtype(type);
  x.mutable_tensor_shape()->add_dim()->set_size(1);
  return log;
}

TEST_F(WarmUpTest, RunsWhatIsRecorded) {
  EXPECT_TRUE(Run().ok());  // nothing
  Record({Predict(::tensorflow::DT_FLOAT).SerializeAsString(),
          Predict(::tensorflow::DT_FLOAT).SerializeAsString()});
  EXPECT_TRUE(Run().ok());
}

TEST_F(WarmUpTest, ARequestThatFailsIsAFailure) {
  Record({Predict(::tensorflow::DT_FLOAT).SerializeAsString(),
          Predict(::tensorflow::DT_STRING).SerializeAsString()});
  const Status failed = Run();
  EXPECT_EQ(failed.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(failed.message(), HasSubstr("warm-up record at byte"));
  EXPECT_THAT(failed.message(), HasSubstr("to be float but string is provided"));
}

TEST_F(WarmUpTest, RefusesFilesWithTheKnownTexts) {
  ASSERT_TRUE(WriteFileAtomically(path_, "these are no records at all, but some text").ok());
  EXPECT_EQ(Run().code(), StatusCode::kDataLoss);
  EXPECT_THAT(Run().message(), HasSubstr("Please verify your warmup data is in TFRecord format."));
  Record({"no PredictionLog"});
  EXPECT_EQ(Run().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(Run().message(), HasSubstr("Failed to parse warmup record: "));
  PredictionLog log;
  log.mutable_session_run_log();
  Record({log.SerializeAsString()});
  EXPECT_EQ(Run(), UnimplementedError("warm-up record at byte 0 of {}: Unsupported log_type for "
                                      "warmup: 5",
                                      path_));
  Record(std::vector<std::string>(1001));
  EXPECT_EQ(Run(), InvalidArgumentError("Number of warmup records exceeds the maximum (1000) at {}",
                                        path_));
}

TEST_F(WarmUpTest, PreparesSignaturesWithoutRunningThem) {
  PrepareSignatures(*servable_);
  TemporaryDirectory dir;
  const std::string echo = WriteEchoModel(dir.path(), 1);
  PrepareSignatures(*Servable::Load({"echo", 1}, echo, {}).value());
}

}  // namespace
}  // namespace trainyard::serving
