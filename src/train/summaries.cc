#include "train/summaries.h"

#include <chrono>

#include "base/wire.h"
#include "records/event_writer.h"
#include "records/hparams.h"
#include "tf/ops.h"

namespace trainyard::train {
namespace {

// A summary operation, which takes its tag as a constant.
tf::OpBuilder SummaryOp(ModelBuilder& model, const char* type, const std::string& tag) {
  const tf::Scope scope = model.scope().Named("summaries");
  return std::move(scope.Op(type).In(tf::Const(scope, tf::Tensor::StringScalar(tag), "tag")));
}

}  // namespace

void AddHistogramSummary(ModelBuilder& model, const std::string& tag, const tf::Output& values) {
  if (!model.training()) return;
  model.AddSummary(SummaryOp(model, "HistogramSummary", tag).In(values).Out());
}

void AddImageSummary(ModelBuilder& model, const std::string& tag, const tf::Output& images,
                     int max_outputs) {
  if (!model.training()) return;
  if (max_outputs < 1) {
    model.graph().Fail(
        InvalidArgumentError("image summary \"{}\": max_outputs is {}, not > 0", tag, max_outputs));
    return;
  }
  model.AddSummary(
      SummaryOp(model, "ImageSummary", tag).In(images).Int("max_images", max_outputs).Out());
}

void AddTextSummary(ModelBuilder& model, const std::string& tag, const tf::Output& text) {
  if (!model.training()) return;
  if (text && tf::OutputType(text) != tf::DataType::kString) {
    model.graph().Fail(InvalidArgumentError("text summary \"{}\": \"{}\" is {}, not a string", tag,
                                            tf::OutputName(text),
                                            tf::DataTypeName(tf::OutputType(text))));
    return;
  }
  // SummaryMetadata { plugin_data { plugin_name: "text" } }
  WireWriter plugin;
  plugin.Bytes(1, "text");
  const std::string metadata = WireWriter().Message(1, plugin).str();
  model.AddSummary(
      SummaryOp(model, "TensorSummaryV2", tag)
          .In(text)
          .In(tf::Const(model.scope(), tf::Tensor::StringScalar(metadata), "summaries/metadata"))
          .Out());
}

Status WriteHyperparameters(const std::string& model_dir,
                            const std::map<std::string, Hyperparameter>& hyperparameters) {
  if (hyperparameters.empty()) {
    return InvalidArgumentError("there are no hyperparameters to write to {}", model_dir);
  }
  ASSIGN_OR_RETURN(const auto events, records::EventWriter::Create(model_dir, ".hparams"));
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  RETURN_IF_ERROR(events->AddSummaryBytes(0, records::FormatHparams(hyperparameters, now)));
  return events->Flush();
}

}  // namespace trainyard::train
