// What is exported for serving after evaluations, and how much of it is kept.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "train/estimator.h"

namespace trainyard::train {

// As tf.estimator.Exporter: called after each evaluation of TrainAndEvaluate, in the process that
// evaluates. Versions go to <model_dir>/export/<name>/<seconds since 1970>. One thread at a time.
//
//   EvalSpec eval{.input = test,
//                 .exporters = {LatestExporter("latest", serving_input),
//                               BestExporter("best", serving_input, {.exports_to_keep = 1})}};
class Exporter {
 public:
  virtual ~Exporter() = default;
  virtual const std::string& name() const = 0;
  // Whether it acts after the last evaluation only.
  virtual bool only_at_end() const { return false; }
  // `export_path`: <model_dir>/export/<name>. `is_final`: no later evaluation follows. Returns the
  // new version's directory, or none if nothing was to be exported.
  virtual Result<std::optional<std::string>> Export(const Estimator& estimator,
                                                    const std::string& export_path,
                                                    const std::string& checkpoint,
                                                    const EvalResult& result, bool is_final) = 0;
};

struct ExporterOptions {
  // Versions beyond, the oldest first, are deleted; none: all are kept. > 0. Only directories with
  // names of ten digits count.
  std::optional<int> exports_to_keep = 5;
};

// After every evaluation.
std::shared_ptr<Exporter> LatestExporter(std::string name, ServingInput serving_input,
                                         ExporterOptions options = {});
// After the last evaluation only, also when training ended before max_steps, which Estimator's
// forgets. Upstream keeps all of them; so does this one unless told otherwise.
std::shared_ptr<Exporter> FinalExporter(std::string name, ServingInput serving_input,
                                        ExporterOptions options = {.exports_to_keep = {}});

using Metrics = std::map<std::string, double>;

struct BestExporterOptions {
  // Whether `current` is better; none: a smaller "loss".
  std::function<bool(const Metrics& best, const Metrics& current)> compare;
  std::optional<int> exports_to_keep = 5;
};

// After an evaluation that is better than all that were exported before. The best metrics stand in
// <model_dir>/export/<name>/best_eval_result.txt, so a program that is started again does not
// export a worse model, as Estimator's does. InvalidArgument if there is no loss to compare by.
std::shared_ptr<Exporter> BestExporter(std::string name, ServingInput serving_input,
                                       BestExporterOptions options = {});

// Runs all exporters for one evaluated checkpoint, in order.
Status RunExporters(const std::vector<std::shared_ptr<Exporter>>& exporters,
                    const Estimator& estimator, const std::string& checkpoint,
                    const EvalResult& result, bool is_final);
// Those that act after the last evaluation only.
std::vector<std::shared_ptr<Exporter>> FinalOnly(
    const std::vector<std::shared_ptr<Exporter>>& exporters);
// InvalidArgument if two have one name, or one has none.
Status CheckExporters(const std::vector<std::shared_ptr<Exporter>>& exporters);

}  // namespace trainyard::train
