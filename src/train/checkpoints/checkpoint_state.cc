#include "train/checkpoints/checkpoint_state.h"

#include <charconv>
#include <cstdint>
#include <optional>

namespace trainyard::train {
namespace {

// Reads a quoted string of the text format at the start of `text`; nothing if it is not one.
std::optional<std::string> ParseQuoted(std::string_view text) {
  if (text.empty() || (text.front() != '"' && text.front() != '\'')) return std::nullopt;
  const char quote = text.front();
  std::string value;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) return value;
    if (text[i] == '\\') {
      if (++i == text.size()) return std::nullopt;
    }
    value += text[i];
  }
  return std::nullopt;
}

std::string Quote(std::string_view value) {
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string_view TrimLeft(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t\r");
  return start == std::string_view::npos ? std::string_view() : text.substr(start);
}

}  // namespace

Result<CheckpointState> ParseCheckpointState(std::string_view text) {
  CheckpointState state;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = TrimLeft(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.empty()) continue;
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      return DataLossError("a line of the checkpoint file has no colon: {}", line);
    }
    const std::string_view key = line.substr(0, colon);
    if (key != "model_checkpoint_path" && key != "all_model_checkpoint_paths") continue;
    std::optional<std::string> value = ParseQuoted(TrimLeft(line.substr(colon + 1)));
    if (!value.has_value()) {
      return DataLossError("a line of the checkpoint file has no quoted path: {}", line);
    }
    if (key == "model_checkpoint_path") {
      state.latest = *std::move(value);
    } else {
      state.all.push_back(*std::move(value));
    }
  }
  if (state.latest.empty()) return DataLossError("the checkpoint file names no checkpoint");
  return state;
}

std::string FormatCheckpointState(const CheckpointState& state) {
  std::string text = fmt::format("model_checkpoint_path: {}\n", Quote(state.latest));
  for (const std::string& path : state.all) {
    text += fmt::format("all_model_checkpoint_paths: {}\n", Quote(path));
  }
  return text;
}

int64_t StepOfCheckpoint(std::string_view prefix) {
  const size_t dash = prefix.rfind('-');
  if (dash == std::string_view::npos) return -1;
  int64_t step = -1;
  const char* end = prefix.data() + prefix.size();
  const auto [rest, error] = std::from_chars(prefix.data() + dash + 1, end, step);
  return error == std::errc() && rest == end && step >= 0 ? step : -1;
}

}  // namespace trainyard::train
