// Lets Python's tests use src/records: writes an event file with one event of each kind, or prints
// what an event file holds.
//
//   event_tool write DIRECTORY     prints the file's path
//   event_tool read FILE           prints `step kind tag value` lines
#include <fmt/format.h>

#include <cstdio>
#include <string_view>
#include <vector>

#include "records/event_reader.h"
#include "records/event_writer.h"

namespace trainyard::records {
namespace {

constexpr double kWallTime = 1700000000.25;

Status Write(const std::string& directory) {
  ASSIGN_OR_RETURN(auto events, EventWriter::Create(directory, ".test"));
  const std::vector<Scalar> scalars = {{"loss", 0.25f}, {"global_step/sec", 38.5f}};
  const std::vector<float> weights = {-1, 0, 0.5f, 0.5f, 2};
  RETURN_IF_ERROR(events->AddSessionStart(0));
  RETURN_IF_ERROR(events->AddScalars(7, scalars, kWallTime));
  RETURN_IF_ERROR(events->AddHistogram(7, "weights", weights, kWallTime));
  RETURN_IF_ERROR(events->AddTensorText(7, "checkpoint_path", "model.ckpt-7", kWallTime));
  RETURN_IF_ERROR(events->AddCheckpointLog(7, "out/model.ckpt"));
  for (int step = 8; step < 1000; ++step) {
    RETURN_IF_ERROR(events->AddScalars(step, scalars, kWallTime + step));
  }
  fmt::print("{}\n", events->path());
  return events->Flush();
}

Status Read(const std::string& path) {
  ASSIGN_OR_RETURN(auto events, EventReader::Open(path));
  while (true) {
    Event event;
    ASSIGN_OR_RETURN(const bool found, events->Next(&event));
    if (!found) break;
    for (const auto& [tag, value] : event.scalars) {
      fmt::print("{} scalar {} {}\n", event.step, tag, value);
    }
    for (const auto& [tag, text] : event.texts) {
      fmt::print("{} text {} {}\n", event.step, tag, text);
    }
  }
  fmt::print("{} corrupt\n", events->corrupt_records());
  return OkStatus();
}

}  // namespace
}  // namespace trainyard::records

int main(int argc, char** argv) {
  using namespace trainyard;
  const std::string_view verb = argc == 3 ? argv[1] : "";
  if (verb != "write" && verb != "read") {
    fmt::print(stderr, "usage: event_tool write DIRECTORY | read FILE\n");
    return 2;
  }
  const Status status = verb == "write" ? records::Write(argv[2]) : records::Read(argv[2]);
  if (!status.ok()) fmt::print(stderr, "{}\n", status.message());
  return status.ok() ? 0 : 1;
}
