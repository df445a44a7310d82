#include "train/hooks/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/wire.h"

namespace trainyard::train {
namespace {

constexpr int kStepStats = 1, kDevStats = 1;                    // of RunMetadata, StepStats
constexpr int kDevice = 1, kNodeStats = 2;                      // of DeviceStepStats
constexpr int kNodeName = 1, kStart = 2, kEnd = 5, kLabel = 8;  // of NodeExecStats

struct Execution {
  std::string name;   // of the operation
  std::string label;  // "name = Type(inputs)"
  int64_t start = 0;  // microseconds
  int64_t duration = 0;
};

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      quoted += fmt::format("\\u{:04x}", c);
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

// "MatMul" of "dense/MatMul = MatMul(x, y)"; the whole label if it has another form.
std::string TypeOf(const Execution& execution) {
  const size_t equals = execution.label.find(" = ");
  if (equals == std::string::npos)
    return execution.label.empty() ? execution.name : execution.label;
  const size_t begin = equals + 3;
  return execution.label.substr(begin, execution.label.find('(', begin) - begin);
}

bool ParseExecution(std::string_view bytes, Execution* execution) {
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.field() == kNodeName) execution->name = reader.bytes();
    if (reader.field() == kLabel) execution->label = reader.bytes();
    if (reader.field() == kStart) execution->start = static_cast<int64_t>(reader.varint());
    if (reader.field() == kEnd) execution->duration = static_cast<int64_t>(reader.varint());
  }
  return reader.ok();
}

void AppendDevice(size_t pid, const std::string& device, std::vector<Execution> executions,
                  std::string* events) {
  *events += fmt::format(
      "{}{{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":{},\"args\":{{\"name\":{}}}}}",
      events->empty() ? "" : ",\n", pid, Quoted(device + " Compute"));
  std::stable_sort(executions.begin(), executions.end(),
                   [](const Execution& a, const Execution& b) { return a.start < b.start; });
  std::vector<int64_t> row_ends;
  for (const Execution& execution : executions) {
    auto row = std::find_if(row_ends.begin(), row_ends.end(),
                            [&](int64_t end) { return end <= execution.start; });
    if (row == row_ends.end()) row = row_ends.insert(row_ends.end(), 0);
    *row = execution.start + std::max<int64_t>(execution.duration, 1);
    *events += fmt::format(
        ",\n{{\"ph\":\"X\",\"cat\":\"Op\",\"name\":{},\"pid\":{},\"tid\":{},\"ts\":{},\"dur\":{},"
        "\"args\":{{\"name\":{},\"op\":{}}}}}",
        Quoted(TypeOf(execution)), pid, row - row_ends.begin(), execution.start,
        std::max<int64_t>(execution.duration, 1), Quoted(execution.name),
        Quoted(TypeOf(execution)));
  }
}

bool AppendStepStats(std::string_view bytes, size_t* pid, std::string* events) {
  WireReader devices(bytes);
  while (devices.Next()) {
    if (devices.field() != kDevStats) continue;
    std::string name;
    std::vector<Execution> executions;
    WireReader device(devices.bytes());
    while (device.Next()) {
      if (device.field() == kDevice) name = device.bytes();
      if (device.field() != kNodeStats) continue;
      if (!ParseExecution(device.bytes(), &executions.emplace_back())) return false;
    }
    if (!device.ok()) return false;
    AppendDevice((*pid)++, name, std::move(executions), events);
  }
  return devices.ok();
}

}  // namespace

Result<std::string> FormatTimeline(std::string_view run_metadata) {
  std::string events;
  size_t pid = 0;
  WireReader reader(run_metadata);
  while (reader.Next()) {
    if (reader.field() == kStepStats && !AppendStepStats(reader.bytes(), &pid, &events)) {
      return DataLossError("not a RunMetadata message");
    }
  }
  if (!reader.ok()) return DataLossError("not a RunMetadata message");
  return fmt::format("{{\"traceEvents\":[\n{}\n]}}\n", events);
}

}  // namespace trainyard::train
