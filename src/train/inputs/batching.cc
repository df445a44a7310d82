#include "train/inputs/batching.h"

#include <vector>

#include "train/inputs/position.h"
#include "train/inputs/row_batch.h"
#include "train/inputs/tensors.h"

namespace trainyard::train {
namespace {

constexpr const char* kKind = "batch";

class BatchingIterator : public BatchIterator {
 public:
  BatchingIterator(std::unique_ptr<BatchIterator> source, const InputSpec& spec,
                   const BatchOptions& options)
      : source_(std::move(source)), spec_(spec), options_(options) {}

  Result<std::optional<Batch>> Next() override {
    const auto whole = static_cast<size_t>(options_.batch_size);
    std::vector<Row> rows;
    rows.reserve(whole);
    while (rows.size() < whole) {
      ASSIGN_OR_RETURN(std::optional<Row> row, source_->NextRow());
      if (!row.has_value()) break;
      rows.push_back(std::move(*row));
    }
    if (rows.empty() || (options_.drop_remainder && rows.size() < whole)) {
      return std::optional<Batch>();
    }
    std::optional<Batch> batch = Gather(rows);
    if (batch.has_value()) return batch;
    ASSIGN_OR_RETURN(batch, StackExamples(rows));
    return batch;
  }

  std::string Save() const override { return PositionWriter(kKind).Bytes(source_->Save()).str(); }
  Status Restore(const std::string& bytes) override {
    if (bytes.empty()) return OkStatus();
    PositionReader position(kKind, bytes);
    const std::string inner = position.Bytes();
    RETURN_IF_ERROR(position.End());
    return source_->Restore(inner);
  }

 private:
  // Nothing if the rows are not all of blocks and alike.
  std::optional<Batch> Gather(const std::vector<Row>& rows) const {
    Batch batch;
    for (const auto& [name, spec] : spec_.features) {
      std::optional<tf::Tensor> gathered = GatherRows(rows, name, spec.dtype);
      if (!gathered.has_value()) return std::nullopt;
      batch.features.emplace(name, std::move(*gathered));
    }
    if (spec_.labels.has_value()) {
      std::optional<tf::Tensor> gathered = GatherRows(rows, "", spec_.labels->dtype);
      if (!gathered.has_value()) return std::nullopt;
      batch.labels = std::move(*gathered);
    }
    return batch;
  }

  Result<Batch> StackExamples(const std::vector<Row>& rows) const {
    std::vector<Batch> taken;  // out of blocks, where only some of the rows are in one
    taken.reserve(rows.size());
    std::vector<const Batch*> examples;
    for (const Row& row : rows) {
      if (row.block() != nullptr) taken.push_back(row.block()->CopyRow(row.number()));
      examples.push_back(row.block() != nullptr ? &taken.back() : row.example());
    }
    Batch batch;
    for (const auto& [name, spec] : spec_.features) {
      ASSIGN_OR_RETURN(tf::Tensor stacked, StackFeature(examples, name, spec));
      batch.features.emplace(name, std::move(stacked));
    }
    if (spec_.labels.has_value()) {
      ASSIGN_OR_RETURN(batch.labels, StackFeature(examples, "", *spec_.labels));
    }
    return batch;
  }

  // The feature, or for "" the labels, of all examples.
  Result<tf::Tensor> StackFeature(const std::vector<const Batch*>& examples,
                                  const std::string& name, const FeatureSpec& spec) const {
    const std::string shown = name.empty() ? "labels" : name;
    std::vector<const tf::Tensor*> rows;
    for (const Batch* example : examples) {
      const tf::Tensor* row = FindFeature(*example, name);
      if (row == nullptr) {
        return InvalidArgumentError("an example lacks \"{}\", which its input promises", shown);
      }
      if (row->dtype() != spec.dtype) {
        return InvalidArgumentError("\"{}\" of an example is {}, its input promises {}", shown,
                                    tf::DataTypeName(row->dtype()), tf::DataTypeName(spec.dtype));
      }
      rows.push_back(row);
    }
    const auto value = options_.pad_values.find(shown);
    return Stack(rows, {.name = shown,
                        .pad = options_.pad,
                        .pad_value = value == options_.pad_values.end() ? 0 : value->second});
  }

  const std::unique_ptr<BatchIterator> source_;
  const InputSpec& spec_;  // of the examples
  const BatchOptions& options_;
};

class BatchingInput : public PassInput {
 public:
  BatchingInput(InputPtr source, BatchOptions options)
      : source_(std::move(source)), options_(std::move(options)), spec_(source_->spec()) {
    for (auto& [name, feature] : spec_.features) {
      feature.shape.insert(feature.shape.begin(), -1);
    }
    if (spec_.labels.has_value()) spec_.labels->shape.insert(spec_.labels->shape.begin(), -1);
  }
  const InputSpec& spec() const override { return spec_; }
  Result<std::unique_ptr<BatchIterator>> MakePass(const Pass& pass) const override {
    ASSIGN_OR_RETURN(auto source, source_->MakePass(pass));
    return std::unique_ptr<BatchIterator>(
        std::make_unique<BatchingIterator>(std::move(source), source_->spec(), options_));
  }

 private:
  const InputPtr source_;
  const BatchOptions options_;
  InputSpec spec_;
};

}  // namespace

Result<InputPtr> BatchUp(InputPtr examples, BatchOptions options) {
  if (options.batch_size < 1) {
    return InvalidArgumentError("BatchUp: batch_size is {}: it must be at least 1",
                                options.batch_size);
  }
  for (const auto& [name, value] : options.pad_values) {
    if (!examples->spec().features.contains(name) && name != "labels") {
      return InvalidArgumentError("BatchUp: pad_values has a value for \"{}\", which is no feature",
                                  name);
    }
  }
  return InputPtr(std::make_shared<BatchingInput>(std::move(examples), std::move(options)));
}

}  // namespace trainyard::train
