// `trainyard predict` against a real model server, both in this process.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "cli/predict.h"
#include "serving/server.h"
#include "serving/testing/test_models.h"

namespace trainyard {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct Outcome {
  int exit_code = -1;
  std::string out;
  std::string error;
};

Outcome RunPredict(std::vector<std::string> args) {
  Outcome outcome;
  CLI::App app("trainyard");
  cli::AddPredictCommand(app, &outcome.exit_code);
  args.insert(args.begin(), "predict");
  std::reverse(args.begin(), args.end());
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  try {
    app.parse(args);
  } catch (const CLI::ParseError& error) {  // the command frame's part
    fmt::print(stderr, "{}\n", error.what());
    outcome.exit_code = 2;
  }
  outcome.out = ::testing::internal::GetCapturedStdout();
  outcome.error = ::testing::internal::GetCapturedStderr();
  return outcome;
}

// A grey square picture, all of one brightness.
void WritePng(const std::string& path, int size, uint8_t brightness) {
  png_image png;
  std::memset(&png, 0, sizeof(png));
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<uint32_t>(size);
  png.height = static_cast<uint32_t>(size);
  png.format = PNG_FORMAT_GRAY;
  const std::vector<uint8_t> pixels(static_cast<size_t>(size) * static_cast<size_t>(size),
                                    brightness);
  CHECK(png_image_write_to_file(&png, path.c_str(), 0, pixels.data(), 0, nullptr) != 0);
}

// One server for all tests: model "mean", whose class is the tenth of the picture's mean.
class PredictCommandTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    models_ = new TemporaryDirectory;
    serving::WriteImageModel(models_->path(), 7);
    server_ = serving::Server::Create({.port = 0,
                                       .model_name = "mean",
                                       .model_base_path = models_->path(),
                                       .poll_seconds = 0})
                  .value()
                  .release();
    ASSERT_TRUE(server_->Start().ok());
  }
  static void TearDownTestSuite() {
    delete server_;
    delete models_;
  }

  void SetUp() override { WritePng(image_, 28, 90); }

  std::vector<std::string> Args(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> args = {"--host",  "localhost", "--port",  Port(),
                                     "--model", "mean",      "--image", image_};
    args.insert(args.end(), more.begin(), more.end());
    return args;
  }
  static std::string Port() { return std::to_string(server_->port()); }

  static inline TemporaryDirectory* models_ = nullptr;
  static inline serving::Server* server_ = nullptr;
  TemporaryDirectory dir_;
  std::string image_ = JoinPath(dir_.path(), "picture.png");
};

TEST_F(PredictCommandTest, PrintsTheClassItsProbabilityAndThePicture) {
  const Outcome outcome = RunPredict(Args({"--signature_name", "predict"}));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.error, "");
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("picture.png is a 3, probability 9"),
                    HasSubstr("model mean version 7, signature predict"),
                    HasSubstr(std::string(28, '-')), HasSubstr(">  3  9"), Not(HasSubstr("\x1b"))));
}

TEST_F(PredictCommandTest, AnswersProgramsInJson) {
  WritePng(image_, 100, 40);
  const Outcome outcome = RunPredict(Args({"--output", "json", "--version", "7"}));
  EXPECT_EQ(outcome.exit_code, 0);
  const auto json = nlohmann::json::parse(outcome.out, nullptr, false);
  EXPECT_EQ(json["class"], 1);
  EXPECT_EQ(json["version"], 7);
  EXPECT_EQ(json["signature"], "serving_default");
  EXPECT_EQ(json["probabilities"].size(), 10u);
  EXPECT_EQ(json["notes"][0], "resized from 100x100 to 28x28");
}

TEST_F(PredictCommandTest, SaysInOneLineWhatIsWrong) {
  const std::string missing = JoinPath(dir_.path(), "missing.png");
  const std::string text = JoinPath(dir_.path(), "text.png");
  ASSERT_TRUE(WriteFileAtomically(text, "hello").ok());
  const std::string whole = ReadFile(image_).value();
  const std::string cut = JoinPath(dir_.path(), "cut.png");
  ASSERT_TRUE(WriteFileAtomically(cut, whole.substr(0, whole.size() / 2)).ok());
  const struct {
    std::vector<std::string> args;
    std::string text;
  } cases[] = {
      {{"--port", Port(), "--model", "mean", "--image", missing},
       "cannot classify " + missing + ": cannot read it: No such file or directory"},
      {{"--port", Port(), "--model", "mean", "--image", dir_.path()}, "Is a directory"},
      {{"--port", Port(), "--model", "mean", "--image", text},
       "cannot classify " + text + ": it is not a PNG image"},
      {{"--port", Port(), "--model", "mean", "--image", cut}, "damaged or cut off"},
      {{"--port", Port(), "--model", "other", "--image", image_},
       "localhost:" + Port() + " does not serve model \"other\" (Servable not found for request"},
      {Args({"--version", "8"}), "does not serve model \"mean\" version 8"},
      {Args({"--signature_name", "sum"}),
       "model \"mean\" has no signature \"sum\"; give --signature_name, one of: predict, "
       "serving_default"},
      {{"--port", "1", "--model", "mean", "--image", image_},
       "cannot reach a model server at localhost:1: Connection refused; start one with"},
      {{"--host", "no.such.host.invalid", "--model", "mean", "--image", image_},
       "cannot reach a model server at no.such.host.invalid:8500"},
  };
  for (const auto& c : cases) {
    const Outcome outcome = RunPredict(c.args);
    EXPECT_EQ(outcome.exit_code, 1) << c.text;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.error, HasSubstr(c.text));
    EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1) << outcome.error;
  }
}

TEST_F(PredictCommandTest, RefusesWrongUse) {
  for (const std::vector<std::string>& args : {std::vector<std::string>{"--model", "m"},
                                               {"--image", "f.png"},
                                               Args({"--timeout", "soon"}),
                                               Args({"--timeout", "0"}),
                                               Args({"--output", "xml"}),
                                               Args({"--colour"})}) {
    EXPECT_EQ(RunPredict(args).exit_code, 2);
  }
}

TEST_F(PredictCommandTest, GivesUpAfterTheTimeout) {
  // A socket that listens and never answers.
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 5), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const Outcome outcome =
      RunPredict({"--host", "127.0.0.1", "--port", std::to_string(ntohs(address.sin_port)),
                  "--model", "mean", "--image", image_, "--timeout", "200ms"});
  close(listener);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.error, HasSubstr("has not answered within 0.2 s"));
}

}  // namespace
}  // namespace trainyard
