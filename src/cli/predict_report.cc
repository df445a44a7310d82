#include "cli/predict_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include <nlohmann/json.hpp>

#include "cli/image_convert.h"

namespace trainyard::cli {
namespace {

// More classes than this would push the answer off the screen.
constexpr size_t kMaxBars = 20;
constexpr int kMaxBarWidth = 30;
constexpr int kWidestColumn = 80;  // how wide a picture is drawn at most

// Names come from the server and may hold anything; a terminal acts on control characters.
std::string Printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::iscntrl(c) != 0; }, '?');
  return text;
}

std::optional<double> Probability(const Answer& answer) {
  if (answer.index < 0) return std::nullopt;
  return answer.probabilities[static_cast<size_t>(answer.index)];
}

std::string Headline(const Prediction& prediction) {
  std::string line = fmt::format("{} is a {}", prediction.file, Printable(prediction.answer.label));
  if (const auto probability = Probability(prediction.answer)) {
    line += fmt::format(", probability {:.1f} %", 100 * *probability);
  }
  return line + fmt::format("  (model {} version {}, signature {})", prediction.model,
                            prediction.version, prediction.signature);
}

std::vector<std::string> Picture(const Prediction& prediction, DrawStyle style, int columns) {
  const GreyImage& whole = prediction.image;
  const int room = std::min(columns, kWidestColumn);
  const bool fits = whole.width <= room;
  const GreyImage image =
      fits ? whole : Resize(whole, room, std::max(1, whole.height * room / whole.width));
  const std::vector<std::string> drawing = DrawImage(image, style);
  const auto& shares = prediction.answer.probabilities;
  constexpr int kBarTexts = 3 + 14;  // the gap, and what stands before a bar
  const int bar_width = std::min(columns - image.width - kBarTexts, kMaxBarWidth);
  if (shares.empty() || shares.size() > kMaxBars || bar_width < 5) return drawing;
  return SideBySide(drawing, image.width,
                    DrawBars(shares, prediction.answer.index, bar_width, style));
}

}  // namespace

std::string FormatForPeople(const Prediction& prediction, DrawStyle style, int columns) {
  std::string text = Headline(prediction) + "\n";
  for (const std::string& note : prediction.notes) text += fmt::format("  note: {}\n", note);
  text += "\n";
  for (const std::string& line : Picture(prediction, style, columns)) text += line + "\n";
  return text;
}

std::string FormatAsJson(const Prediction& prediction) {
  nlohmann::ordered_json json;
  json["image"] = prediction.file;
  json["model"] = prediction.model;
  json["version"] = prediction.version;
  json["signature"] = prediction.signature;
  const std::string& label = prediction.answer.label;
  int64_t number = 0;
  const char* end = label.data() + label.size();
  const auto [rest, error] = std::from_chars(label.data(), end, number);
  if (error == std::errc() && rest == end) {
    json["class"] = number;
  } else {
    json["class"] = label;
  }
  const auto probability = Probability(prediction.answer);
  json["probability"] = probability ? nlohmann::ordered_json(*probability) : nullptr;
  json["probabilities"] = prediction.answer.probabilities;
  json["notes"] = prediction.notes;
  // Bytes that are not UTF-8 must not end in an exception.
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace trainyard::cli
