#include "local/state/progress.h"

#include <charconv>
#include <cmath>
#include <string>

#include <nlohmann/json.hpp>

namespace trainyard::local {
namespace {

using Json = nlohmann::json;

// The number that follows `label`, blanks between them passed over.
std::optional<double> NumberAfter(std::string_view line, std::string_view label) {
  const size_t at = line.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = line.substr(at + label.size());
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc() || end == rest.data()) return std::nullopt;
  return value;
}

std::optional<int64_t> ToStep(double value) {
  if (!(value >= 0 && value < 9e15)) return std::nullopt;
  return static_cast<int64_t>(value);
}

bool TakeNumber(const Json& object, const char* key, std::optional<double>* out) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return false;
  *out = found->get<double>();
  return true;
}

bool TakeStep(const Json& object, const char* key, std::optional<int64_t>* out) {
  std::optional<double> value;
  if (!TakeNumber(object, key, &value)) return false;
  *out = ToStep(*value);
  return true;
}

bool TakeText(const Json& object, const char* key, std::string* out) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return false;
  *out = found->get<std::string>();
  return true;
}

}  // namespace

bool ReadProgressLine(std::string_view line, Progress* progress) {
  // Larger lines are not of this contract; small ones cannot nest deep enough to hurt.
  if (line.size() > 65536) return false;
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object()) return false;
  const std::string last_phase = progress->phase;
  TakeText(object, "phase", &progress->phase);
  // "waiting for ..." says nothing about the training that follows.
  if (progress->phase != last_phase) progress->message.clear();
  TakeText(object, "message", &progress->message);
  TakeStep(object, "step", &progress->step);
  TakeStep(object, "max_steps", &progress->max_steps);
  TakeNumber(object, "loss", &progress->loss);
  TakeNumber(object, "steps_per_sec", &progress->steps_per_sec);
  bool has_accuracy = TakeNumber(object, "accuracy", &progress->accuracy);
  if (const auto metrics = object.find("metrics");
      metrics != object.end() && metrics->is_object()) {
    has_accuracy = TakeNumber(*metrics, "accuracy", &progress->accuracy) || has_accuracy;
  }
  if (!TakeStep(object, "eval_step", &progress->eval_step) && has_accuracy) {
    progress->eval_step = progress->step;
  }
  return true;
}

bool ReadEstimatorLine(std::string_view line, Progress* progress) {
  if (const auto step = NumberAfter(line, "Saving dict for global step")) {
    const auto accuracy = NumberAfter(line, " accuracy =");
    if (!accuracy) return false;
    progress->accuracy = accuracy;
    progress->eval_step = ToStep(*step);
    return true;
  }
  bool has_any = false;
  if (const auto speed = NumberAfter(line, "global_step/sec:")) {
    progress->steps_per_sec = speed;
    has_any = true;
  }
  if (const auto saved = NumberAfter(line, "Saving checkpoints for")) {
    progress->step = ToStep(*saved);  // the last one comes after the last line about the loss
    has_any = true;
  }
  const auto loss = NumberAfter(line, "loss =");
  const auto step = NumberAfter(line, ", step =");
  if (loss && step) {
    progress->loss = loss;
    progress->step = ToStep(*step);
    progress->phase = "training";
    has_any = true;
  }
  return has_any;
}

std::optional<int64_t> MaxStepsFromArguments(const std::vector<std::string>& args) {
  for (size_t i = 0; i < args.size(); ++i) {
    for (const std::string_view flag : {"--max_steps", "--steps", "--train_steps"}) {
      std::string_view value;
      if (args[i] == flag && i + 1 < args.size()) {
        value = args[i + 1];
      } else if (args[i].starts_with(std::string(flag) + "=")) {
        value = std::string_view(args[i]).substr(flag.size() + 1);
      }
      int64_t steps = 0;
      const char* end = value.data() + value.size();
      if (!value.empty() && std::from_chars(value.data(), end, steps).ptr == end) return steps;
    }
  }
  return std::nullopt;
}

}  // namespace trainyard::local
