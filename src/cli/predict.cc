#include "cli/predict.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "base/status.h"
#include "cli/image_convert.h"
#include "cli/image_png.h"
#include "cli/predict_answer.h"
#include "cli/predict_client.h"
#include "cli/predict_report.h"
#include "cli/terminal.h"

namespace trainyard::cli {
namespace {

namespace api = ::tensorflow::serving;

struct PredictFlags {
  PredictClient::Options server;
  std::string model;
  std::string signature = "serving_default";
  std::optional<int64_t> version;
  std::string image;
  double timeout_seconds = 10;
  std::string output = "text";
};

constexpr char kExample[] =
    "The picture is converted to what the model takes: grey, light on dark, its size; each change\n"
    "is noted. Example:\n"
    "  trainyard predict --port 8500 --model digits --signature_name predict --image 4.png";

// A whole regular file of sensible size: reading a device would never end.
Result<ColourImage> ReadPicture(const std::string& file) {
  constexpr uintmax_t kMaxFileBytes = uintmax_t{256} << 20;
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(file, error);
  if (error) return ErrnoError(error.value(), "cannot read it");
  if (size > kMaxFileBytes) {
    return ResourceExhaustedError("the file is larger than {} MB", kMaxFileBytes >> 20);
  }
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(file));
  return DecodePng(bytes);
}

Result<Prediction> Predict(const PredictFlags& flags) {
  const std::string attempt = fmt::format("cannot classify {}", flags.image);
  // The picture first: it is at hand, and a server need not be bothered with a bad one.
  const Result<ColourImage> picture = ReadPicture(flags.image);
  if (!picture.ok()) return picture.status().WithContext(attempt);

  api::PredictRequest request;
  request.mutable_model_spec()->set_name(flags.model);
  request.mutable_model_spec()->set_signature_name(flags.signature);
  if (flags.version) request.mutable_model_spec()->mutable_version()->set_value(*flags.version);
  PredictClient client(flags.server);
  ASSIGN_OR_RETURN(const ::tensorflow::SignatureDef signature,
                   client.GetSignature(request.model_spec()));
  const Result<ImageInput> input = ChooseImageInput(signature);
  if (!input.ok()) return input.status().WithContext(attempt);
  ConvertedImage converted = ConvertForModel(*picture, input->width, input->height);
  (*request.mutable_inputs())[input->alias] = MakeImageTensor(*input, converted.image);

  ASSIGN_OR_RETURN(const api::PredictResponse response, client.Predict(request));
  Result<Answer> answer = ReadAnswer(response);
  if (!answer.ok()) return answer.status().WithContext(attempt);
  return Prediction{.file = flags.image,
                    .model = flags.model,
                    .version = response.model_spec().version().value(),
                    .signature = flags.signature,
                    .image = std::move(converted.image),
                    .notes = std::move(converted.notes),
                    .answer = std::move(answer).value()};
}

// Half blocks need a terminal with colours and an encoding that has them.
DrawStyle StyleOfStdout() {
  std::string_view locale;
  for (const char* name : {"LANG", "LC_CTYPE", "LC_ALL"}) {  // the last one set decides
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') locale = value;
  }
  const bool is_utf8 = locale.find("UTF-8") != locale.npos || locale.find("utf8") != locale.npos;
  return is_utf8 && MayUseColour(STDOUT_FILENO) ? DrawStyle::kColours : DrawStyle::kPlain;
}

int RunPredict(const PredictFlags& flags) {
  const Result<Prediction> prediction = Predict(flags);
  if (!prediction.ok()) {
    fmt::print(stderr, "trainyard predict: {}\n", prediction.error().message());
    return 1;
  }
  if (flags.output == "json") {
    fmt::print("{}\n", FormatAsJson(*prediction));
  } else {
    fmt::print("{}", FormatForPeople(*prediction, StyleOfStdout(), SizeOf(STDOUT_FILENO).columns));
  }
  return 0;
}

}  // namespace

void AddPredictCommand(CLI::App& app, int* exit_code) {
  CLI::App* command = app.add_subcommand("predict", "Ask a model server what a picture shows");
  const auto flags = std::make_shared<PredictFlags>();  // lives as long as the callback
  command->add_option("--host", flags->server.host, "Host of the model server")
      ->capture_default_str();
  command->add_option("--port", flags->server.port, "Its gRPC port")
      ->check(CLI::Range(1, 65535))
      ->capture_default_str();
  command->add_option("--model", flags->model, "Name of the model")->required();
  command->add_option("--version", flags->version, "Version of the model; the newest if not given");
  command->add_option("--signature_name", flags->signature, "Signature to call")
      ->capture_default_str();
  command->add_option("--image", flags->image, "PNG file")->required();
  // "10s", "500ms", "2min" or a number of seconds.
  command
      ->add_option("--timeout", flags->timeout_seconds,
                   "How long to wait at most: 10s, 500ms, 2min")
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, double>{{"ms", 0.001}, {"s", 1}, {"min", 60}, {"m", 60}}))
      ->check(CLI::Range(0.001, 86400.0))
      ->default_str("10s");
  command->add_option("--output", flags->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->footer(kExample);
  command->callback([flags, exit_code] {
    flags->server.timeout =
        std::chrono::milliseconds(static_cast<int64_t>(flags->timeout_seconds * 1000));
    *exit_code = RunPredict(*flags);
  });
}

}  // namespace trainyard::cli
