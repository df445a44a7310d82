// trainyard-operator: the controller of TFJobs; `trainyard operator` starts it.
#include <fmt/format.h>
#include <malloc.h>

#include <cstdio>

#include "operator/flags.h"
#include "operator/manager.h"

int main(int argc, char** argv) {
  // One heap for each of the threads, all of which work on all jobs, would cost megabytes.
  mallopt(M_ARENA_MAX, 2);
  // Without the bins that would have to be merged again whenever a large block is freed.
  mallopt(M_MXFAST, 0);
  auto parsed = trainyard::operators::ParseFlags(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  const trainyard::Status status = trainyard::operators::RunOperator(std::move(parsed.options));
  if (status.ok()) return 0;
  fmt::print(stderr, "trainyard operator: {}\n", status.message());
  return status.code() == trainyard::StatusCode::kInvalidArgument ? 2 : 1;
}
