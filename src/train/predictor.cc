#include "train/predictor.h"

#include <cstring>

namespace trainyard::train {
namespace {

// Row `i` of a batch, without the batch dimension.
tf::Tensor RowOf(const tf::Tensor& batch, int64_t i) {
  const tf::Shape whole = batch.shape();
  const tf::Shape shape(whole.begin() + 1, whole.end());
  const auto elements = static_cast<size_t>(tf::NumElements(shape));
  const auto index = static_cast<size_t>(i);
  if (batch.dtype() == tf::DataType::kString) {
    const std::vector<std::string> all = batch.strings();
    return tf::Tensor::FromStrings(shape, std::span(all).subspan(index * elements, elements));
  }
  tf::Tensor row = tf::Tensor::Allocate(batch.dtype(), shape);
  const size_t bytes = elements * tf::DataTypeSize(batch.dtype());
  if (bytes > 0) {
    std::memcpy(row.raw(), static_cast<const char*>(batch.raw()) + index * bytes, bytes);
  }
  return row;
}

}  // namespace

Result<std::unique_ptr<Predictor>> Predictor::Create(const ModelFn& model_fn,
                                                     std::shared_ptr<const Input> input,
                                                     const RunConfig& config,
                                                     const std::string& checkpoint,
                                                     const PredictOptions& options) {
  std::unique_ptr<Predictor> predictor(new Predictor());
  predictor->config_ = config;
  predictor->input_ = std::move(input);
  predictor->single_ = options.yield_single_examples;
  RETURN_IF_ERROR(predictor->SetUp(model_fn, checkpoint, options));
  return predictor;
}

Status Predictor::SetUp(const ModelFn& model_fn, const std::string& checkpoint,
                        const PredictOptions& options) {
  InputSpec spec = input_->spec();
  spec.labels.reset();
  ASSIGN_OR_RETURN(model_, ModelGraph::Build(model_fn, spec, {.mode = Mode::kPredict}));
  const auto& predictions = model_->spec().predictions;
  for (const auto& [key, output] : predictions) {
    if (options.predict_keys.empty()) keys_.push_back(key);
  }
  keys_.insert(keys_.end(), options.predict_keys.begin(), options.predict_keys.end());
  for (const std::string& key : keys_) {
    const auto found = predictions.find(key);
    if (found == predictions.end()) {
      return NotFoundError("the model has no prediction \"{}\"", key);
    }
    outputs_.push_back(found->second);
  }
  hooks_.Add(options.hooks);
  RETURN_IF_ERROR(hooks_.Begin({.graph = model_->mutable_graph(),
                                .config = &config_,
                                .events = nullptr,
                                .global_step = model_->model().global_step().value}));
  tf::SessionConfig session_config;
  session_config.intra_op_threads = config_.intra_op_threads;
  session_config.inter_op_threads = config_.inter_op_threads;
  session_config.bfloat16 = config_.bfloat16;
  ASSIGN_OR_RETURN(session_, tf::Session::Create(model_->graph(), {"", session_config}));
  RETURN_IF_ERROR(session_->Run(model_->tables_init_op()));
  RETURN_IF_ERROR(model_->saver().Restore(session_.get(), checkpoint));
  ASSIGN_OR_RETURN(batches_, input_->MakeIterator());
  return hooks_.AfterCreateSession(session_.get(), 0);
}

Result<std::optional<Predictor::Row>> Predictor::Next() {
  while (next_row_ >= num_rows_) {
    ASSIGN_OR_RETURN(const bool drawn, Draw());
    if (!drawn) return std::nullopt;
  }
  if (single_) {
    ASSIGN_OR_RETURN(Row row, TakeRow());
    return row;
  }
  next_row_ = num_rows_;
  Row whole;
  for (size_t i = 0; i < keys_.size(); ++i) whole[keys_[i]] = std::move(batch_[i]);
  return whole;
}

Result<bool> Predictor::Draw() {
  if (ended_) return false;
  std::optional<Batch> batch;
  if (!hooks_.WantsStop()) {
    ASSIGN_OR_RETURN(batch, batches_->Next());
  }
  if (!batch.has_value()) {
    ended_ = true;
    RETURN_IF_ERROR(hooks_.End(session_.get(), num_batches_));
    return false;
  }
  ++num_batches_;
  StepRequest request;
  RETURN_IF_ERROR(hooks_.BeforeStep(num_batches_, &request));
  StepResult step{.global_step = num_batches_};
  ASSIGN_OR_RETURN(std::vector<tf::Feed> feeds, model_->Feeds(*batch));
  ASSIGN_OR_RETURN(batch_, RunWithRequest(session_.get(), std::move(feeds), outputs_, request,
                                          &step.run_metadata));
  RETURN_IF_ERROR(
      hooks_.AfterStep(session_.get(), &step, std::span(batch_).subspan(outputs_.size())));
  next_row_ = 0;
  num_rows_ = 1;  // of a whole batch
  if (!single_) return true;
  for (size_t i = 0; i < keys_.size(); ++i) {
    const tf::Shape shape = batch_[i].shape();
    if (shape.empty() || (i > 0 && shape[0] != num_rows_)) {
      return InvalidArgumentError(
          "prediction \"{}\" has shape {}; single examples need the batch's size in front, the "
          "same in all predictions",
          keys_[i], tf::ShapeToString(shape));
    }
    num_rows_ = shape[0];
  }
  return true;
}

Result<Predictor::Row> Predictor::TakeRow() {
  Row row;
  for (size_t i = 0; i < keys_.size(); ++i) row[keys_[i]] = RowOf(batch_[i], next_row_);
  ++next_row_;
  return row;
}

}  // namespace trainyard::train
