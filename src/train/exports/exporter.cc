#include "train/exports/exporter.h"

#include <algorithm>
#include <set>

#include "base/files.h"
#include "base/log.h"
#include "train/exports/best_result.h"

namespace trainyard::train {
namespace {

bool IsVersion(const std::string& name) {
  return name.size() == 10 &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Names of ten digits sort by age.
Status DeleteOldVersions(const std::string& export_path, std::optional<int> keep) {
  if (!keep.has_value()) return OkStatus();
  ASSIGN_OR_RETURN(std::vector<std::string> names, ListDirectory(export_path));
  std::erase_if(names, [](const std::string& name) { return !IsVersion(name); });
  for (size_t i = 0; i + static_cast<size_t>(*keep) < names.size(); ++i) {
    const Status status = RemoveRecursively(JoinPath(export_path, names[i]));
    if (!status.ok()) LogWarning("an old export stays: {}", status.message());
  }
  return OkStatus();
}

enum class When { kAlways, kBest, kFinal };

class SavedModelExporter : public Exporter {
 public:
  SavedModelExporter(std::string name, ServingInput serving_input, When when,
                     BestExporterOptions options)
      : name_(std::move(name)),
        serving_input_(std::move(serving_input)),
        when_(when),
        options_(std::move(options)) {}

  const std::string& name() const override { return name_; }
  bool only_at_end() const override { return when_ == When::kFinal; }

  Result<std::optional<std::string>> Export(const Estimator& estimator,
                                            const std::string& export_path,
                                            const std::string& checkpoint, const EvalResult& result,
                                            bool is_final) override {
    if (options_.exports_to_keep.value_or(1) <= 0) {
      return InvalidArgumentError("`exports_to_keep`, if provided, must be a positive number");
    }
    if (when_ == When::kFinal) {
      if (!is_final) return std::nullopt;
      LogInfo("Performing the final export in the end of training.");
    }
    if (when_ == When::kBest) {
      ASSIGN_OR_RETURN(const bool is_best, IsBest(export_path, result.metrics));
      if (!is_best) return std::nullopt;
      LogInfo("Performing best model export.");
    }
    ASSIGN_OR_RETURN(const std::string directory,
                     estimator.ExportSavedModel(export_path, serving_input_, checkpoint));
    // After the export: a failed one is tried again with the next good result.
    if (when_ == When::kBest) RETURN_IF_ERROR(WriteBestResult(export_path, result.metrics));
    RETURN_IF_ERROR(DeleteOldVersions(export_path, options_.exports_to_keep));
    return directory;
  }

 private:
  Result<bool> IsBest(const std::string& export_path, const Metrics& current) const {
    ASSIGN_OR_RETURN(const std::optional<Metrics> best, ReadBestResult(export_path));
    if (options_.compare) return !best.has_value() || options_.compare(*best, current);
    if (!current.contains("loss")) {
      return InvalidArgumentError("current_eval_result cannot be empty or no loss is found in it.");
    }
    if (!best.has_value()) return true;
    if (!best->contains("loss")) {
      return InvalidArgumentError("best_eval_result cannot be empty or no loss is found in it.");
    }
    return current.at("loss") < best->at("loss");
  }

  const std::string name_;
  const ServingInput serving_input_;
  const When when_;
  const BestExporterOptions options_;
};

}  // namespace

std::shared_ptr<Exporter> LatestExporter(std::string name, ServingInput serving_input,
                                         ExporterOptions options) {
  return std::make_shared<SavedModelExporter>(
      std::move(name), std::move(serving_input), When::kAlways,
      BestExporterOptions{.compare = {}, .exports_to_keep = options.exports_to_keep});
}

std::shared_ptr<Exporter> FinalExporter(std::string name, ServingInput serving_input,
                                        ExporterOptions options) {
  return std::make_shared<SavedModelExporter>(
      std::move(name), std::move(serving_input), When::kFinal,
      BestExporterOptions{.compare = {}, .exports_to_keep = options.exports_to_keep});
}

std::shared_ptr<Exporter> BestExporter(std::string name, ServingInput serving_input,
                                       BestExporterOptions options) {
  return std::make_shared<SavedModelExporter>(std::move(name), std::move(serving_input),
                                              When::kBest, std::move(options));
}

Status RunExporters(const std::vector<std::shared_ptr<Exporter>>& exporters,
                    const Estimator& estimator, const std::string& checkpoint,
                    const EvalResult& result, bool is_final) {
  for (const auto& exporter : exporters) {
    const std::string path =
        JoinPath(JoinPath(estimator.config().model_dir, "export"), exporter->name());
    const auto exported = exporter->Export(estimator, path, checkpoint, result, is_final);
    if (!exported.ok()) {
      return exported.status().WithContext(fmt::format("exporter \"{}\"", exporter->name()));
    }
  }
  return OkStatus();
}

std::vector<std::shared_ptr<Exporter>> FinalOnly(
    const std::vector<std::shared_ptr<Exporter>>& exporters) {
  std::vector<std::shared_ptr<Exporter>> final_only;
  for (const auto& exporter : exporters) {
    if (exporter->only_at_end()) final_only.push_back(exporter);
  }
  return final_only;
}

Status CheckExporters(const std::vector<std::shared_ptr<Exporter>>& exporters) {
  std::set<std::string> names;
  for (const auto& exporter : exporters) {
    if (exporter->name().empty()) return InvalidArgumentError("an Exporter must have a name");
    if (!names.insert(exporter->name()).second) {
      return InvalidArgumentError(
          "`exporters` must have unique names. Such a name cannot be used twice: \"{}\"",
          exporter->name());
    }
  }
  return OkStatus();
}

}  // namespace trainyard::train
