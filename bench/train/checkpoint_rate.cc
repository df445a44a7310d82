// Times a checkpoint of the digits network (weights and Adam's moments), saved and restored, beside
// a copy of its files in the same directory, in turns. Prints one line of JSON.
//
// usage: checkpoint_rate DIRECTORY ROUNDS
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "digits/model.h"
#include "step_times.h"
#include "train/model_graph.h"

using namespace trainyard;
using namespace trainyard::train;
namespace fs = std::filesystem;

namespace {

Status Measure(const fs::path& directory, int rounds) {
  const InputSpec input{.features = {{"image", {tf::DataType::kFloat, {-1, 28, 28, 1}}}},
                        .labels = FeatureSpec{tf::DataType::kInt32, {-1}}};
  ASSIGN_OR_RETURN(const std::unique_ptr<ModelGraph> model,
                   ModelGraph::Build(digits::DigitsModel({}), input, {}));
  ASSIGN_OR_RETURN(const std::unique_ptr<tf::Session> session,
                   tf::Session::Create(model->graph(), {}));
  RETURN_IF_ERROR(session->Run(model->init_op()));
  std::vector<double> save, restore, copy;
  double megabytes = 0;
  for (int round = 0; round <= rounds; ++round) {
    const fs::path ours = directory / "ours", copies = directory / "copies";
    fs::create_directories(ours);
    fs::create_directories(copies);
    const bench::Clock::time_point start = bench::Clock::now();
    RETURN_IF_ERROR(model->saver().Save(session.get(), ours / "model.ckpt"));
    const double save_ms = bench::MillisecondsSince(start);
    const bench::Clock::time_point saved = bench::Clock::now();
    RETURN_IF_ERROR(model->saver().Restore(session.get(), ours / "model.ckpt"));
    const double restore_ms = bench::MillisecondsSince(saved);
    megabytes = 0;
    const bench::Clock::time_point restored = bench::Clock::now();
    for (const fs::directory_entry& file : fs::directory_iterator(ours)) {
      fs::copy_file(file.path(), copies / file.path().filename());
      megabytes += static_cast<double>(file.file_size()) / 1e6;
    }
    const double copy_ms = bench::MillisecondsSince(restored);
    if (round > 0) {  // the first warms up
      save.push_back(megabytes / save_ms * 1e3);
      restore.push_back(megabytes / restore_ms * 1e3);
      copy.push_back(megabytes / copy_ms * 1e3);
    }
    fs::remove_all(ours);
    fs::remove_all(copies);
  }
  std::printf("{\"megabytes\":%.1f,\"save\":%.0f,\"restore\":%.0f,\"copy\":%.0f}\n", megabytes,
              bench::Percentile(save, 50), bench::Percentile(restore, 50),
              bench::Percentile(copy, 50));
  return OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: checkpoint_rate DIRECTORY ROUNDS\n");
    return 2;
  }
  const Status status = Measure(argv[1], std::max(std::atoi(argv[2]), 1));
  if (status.ok()) return 0;
  std::fprintf(stderr, "checkpoint_rate: %s\n", status.message().c_str());
  return 1;
}
