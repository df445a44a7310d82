#include "train/exports/export.h"

#include <chrono>
#include <set>

#include "base/files.h"
#include "base/sha256.h"
#include "tf/ops.h"
#include "tf/session.h"
#include "train/exports/saved_model_proto.h"
#include "train/exports/signatures.h"
#include "train/model_graph.h"

namespace trainyard::train {
namespace {

// A version that is not taken yet: the time in seconds, which sorts by age and is what Estimator
// uses.
int64_t NextVersion(const std::string& base) {
  int64_t version = std::chrono::duration_cast<std::chrono::seconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count();
  while (PathExists(JoinPath(base, std::to_string(version))) ||
         PathExists(JoinPath(base, fmt::format("temp-{}", version)))) {
    ++version;
  }
  return version;
}

// Copies the files to assets/, under names that differ, and returns the names.
Result<std::vector<SavedModelParts::Asset>> CopyAssets(
    const std::vector<ModelBuilder::Asset>& assets, const std::string& directory) {
  std::vector<SavedModelParts::Asset> copied;
  std::set<std::string> taken;
  for (const ModelBuilder::Asset& asset : assets) {
    const std::string base = asset.path.substr(asset.path.rfind('/') + 1);
    std::string name = base;
    for (int i = 1; !taken.insert(name).second; ++i) name = fmt::format("{}_{}", base, i);
    RETURN_IF_ERROR(MakeDirectories(JoinPath(directory, "assets")));
    ASSIGN_OR_RETURN(const std::string content, ReadFile(asset.path));
    RETURN_IF_ERROR(WriteFileAtomically(JoinPath(directory, "assets/" + name), content));
    copied.push_back({asset.tensor, name});
  }
  return copied;
}

// What the format has no checksums for, as sha256sum would list it.
Status WriteChecksums(const std::vector<SavedModelParts::Asset>& assets,
                      std::string_view saved_model, const std::string& directory) {
  std::string sums = Sha256Of(saved_model) + "  saved_model.pb\n";
  for (const SavedModelParts::Asset& asset : assets) {
    const std::string name = "assets/" + asset.filename;
    ASSIGN_OR_RETURN(const std::string content, ReadFile(JoinPath(directory, name)));
    sums += Sha256Of(content) + "  " + name + "\n";
  }
  return WriteFileAtomically(JoinPath(directory, "SHA256SUMS"), sums);
}

// Writes the SavedModel's files into `directory`.
Status WriteModel(const ModelFn& model_fn, const ExportOptions& options,
                  const std::string& directory) {
  ServingInput input = options.serving_input;
  input.spec.labels.reset();
  ASSIGN_OR_RETURN(const std::unique_ptr<ModelGraph> model,
                   ModelGraph::Build(model_fn, input, {.mode = Mode::kPredict}));
  SavedModelParts parts;
  ASSIGN_OR_RETURN(parts.signatures, MakeSignatures(*model));
  ASSIGN_OR_RETURN(parts.assets, CopyAssets(model->model().assets(), directory));
  parts.main_op = tf::Group(model->model().scope(), model->model().table_initializers(), "main_op");
  RETURN_IF_ERROR(model->graph().status());
  // Few threads: this session lives for one restore and one save.
  ASSIGN_OR_RETURN(const std::unique_ptr<tf::Session> session,
                   tf::Session::Create(model->graph(), {}));
  RETURN_IF_ERROR(model->saver().Restore(session.get(), options.checkpoint));
  const std::string variables = JoinPath(directory, "variables");
  RETURN_IF_ERROR(MakeDirectories(variables));
  RETURN_IF_ERROR(model->saver().Save(session.get(), JoinPath(variables, "variables")));
  ASSIGN_OR_RETURN(const std::string bytes, EncodeSavedModel(*model, parts));
  RETURN_IF_ERROR(WriteFileAtomically(JoinPath(directory, "saved_model.pb"), bytes));
  return WriteChecksums(parts.assets, bytes, directory);
}

}  // namespace

Result<std::string> ExportModel(const ModelFn& model_fn, const ExportOptions& options) {
  const std::string attempt = fmt::format("cannot export the model to {}", options.export_base);
  RETURN_IF_ERROR(MakeDirectories(options.export_base).WithContext(attempt));
  const int64_t version = NextVersion(options.export_base);
  const std::string temporary = JoinPath(options.export_base, fmt::format("temp-{}", version));
  const std::string directory = JoinPath(options.export_base, std::to_string(version));
  Status status = MakeDirectories(temporary);
  if (status.ok()) status = WriteModel(model_fn, options, temporary);
  if (status.ok()) status = RenamePath(temporary, directory);
  if (!status.ok()) {
    RemoveRecursively(temporary).ok();  // the first failure is the one worth telling
    return status.WithContext(attempt);
  }
  return directory;
}

}  // namespace trainyard::train
