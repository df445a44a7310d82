#include "serving/metrics/access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/files.h"

namespace trainyard::serving {
namespace {

using ::testing::HasSubstr;

RequestRecord Record() {
  return {.api = Api::kPredict,
          .model = "digits",
          .signature = "serving_default",
          .took = std::chrono::microseconds(420),
          .request_bytes = 3155,
          .response_bytes = 98,
          .peer = "127.0.0.1:40000"};
}

int64_t CountLines(const std::string& path) {
  const std::string text = ReadFile(path).value();
  return std::count(text.begin(), text.end(), '\n');
}

TEST(AccessLogTest, WritesOneLineOfJson) {
  const std::chrono::system_clock::time_point now{std::chrono::microseconds(1'700'000'000'000'123)};
  EXPECT_EQ(FormatAccessLine(Record(), now),
            "{\"time\":\"2023-11-14T22:13:20.000123Z\",\"peer\":\"127.0.0.1:40000\","
            "\"api\":\"Predict\",\"entrypoint\":\"GRPC\",\"model\":\"digits\","
            "\"signature\":\"serving_default\",\"code\":\"OK\",\"microseconds\":420,"
            "\"request_bytes\":3155,\"response_bytes\":98}\n");
}

TEST(AccessLogTest, StaysOneValidLineWhateverTheNames) {
  RequestRecord record = Record();
  record.model = "a\"\\\n\xff";
  const std::string long_name(10'000, 'x');
  record.signature = long_name;
  const std::string line = FormatAccessLine(record, {});
  EXPECT_THAT(line, HasSubstr("\"model\":\"a\\\"\\\\\\u000a\\u00ff\""));
  EXPECT_LT(line.size(), 600u);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(AccessLogTest, LosesNoLineOfManyThreads) {
  const TemporaryDirectory dir;
  const std::string path = JoinPath(dir.path(), "log");
  {
    const auto log = AccessLog::Open({.path = path}).value();
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 500; ++n) log->Write(Record());
      });
    }
  }
  EXPECT_EQ(CountLines(path), 2000);
}

TEST(AccessLogTest, LogsTheShareAskedForAndAllFailures) {
  const TemporaryDirectory dir;
  const std::string path = JoinPath(dir.path(), "log");
  {
    const auto log = AccessLog::Open({.path = path, .share = 0.1}).value();
    for (int i = 0; i < 50; ++i) log->Write(Record());
    RequestRecord failed = Record();
    failed.code = StatusCode::kNotFound;
    for (int i = 0; i < 3; ++i) log->Write(failed);
  }
  EXPECT_EQ(CountLines(path), 8);
}

TEST(AccessLogTest, DropsAndCountsWhatDoesNotFit) {
  const TemporaryDirectory dir;
  const std::string path = JoinPath(dir.path(), "log");
  {
    const auto log = AccessLog::Open({.path = path, .max_waiting = 300}).value();
    RequestRecord big = Record();
    const std::string name(250, 'x');
    big.model = name;  // never fits
    log->Write(big);
    log->Write(Record());
  }
  const std::string text = ReadFile(path).value();
  EXPECT_THAT(text, HasSubstr("\"digits\""));
  EXPECT_THAT(text, HasSubstr("{\"dropped\":1}\n"));
}

TEST(AccessLogTest, SaysWhyItCannotBeOpened) {
  EXPECT_THAT(AccessLog::Open({.path = "/no/such/directory/log"}).status().message(),
              HasSubstr("cannot open the access log /no/such/directory/log"));
  EXPECT_EQ(AccessLog::Open({.path = "stderr", .share = 0}).status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace trainyard::serving
