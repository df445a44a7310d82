#include "train/inputs/tfrecord_input.h"

#include "records/record_reader.h"
#include "train/inputs/interleave.h"
#include "train/inputs/position.h"

namespace trainyard::train {
namespace {

constexpr const char* kKind = "tfrecord";

const char* KindName(const records::FeatureValues& values) {
  constexpr const char* kNames[] = {"nothing", "string", "float", "int64"};
  return kNames[values.index()];
}

tf::DataType TypeOf(const records::FeatureValues& values) {
  constexpr tf::DataType kTypes[] = {tf::DataType::kInvalid, tf::DataType::kString,
                                     tf::DataType::kFloat, tf::DataType::kInt64};
  return kTypes[values.index()];
}

size_t CountOf(const records::FeatureValues& values) {
  return std::visit(
      [](const auto& list) -> size_t {
        if constexpr (std::is_same_v<decltype(list), const std::monostate&>) {
          return 0;
        } else {
          return list.size();
        }
      },
      values);
}

tf::Tensor ToTensor(const records::FeatureValues& values, const tf::Shape& shape) {
  if (const auto* strings = std::get_if<std::vector<std::string>>(&values)) {
    return tf::Tensor::FromStrings(shape, *strings);
  }
  if (const auto* floats = std::get_if<std::vector<float>>(&values)) {
    return tf::Tensor::FromValues<float>(shape, *floats);
  }
  return tf::Tensor::FromValues<int64_t>(shape, std::get<std::vector<int64_t>>(values));
}

tf::Tensor NoValues(tf::DataType dtype) {
  if (dtype == tf::DataType::kString) return tf::Tensor::FromStrings({0}, {});
  return tf::Tensor::Allocate(dtype, {0});
}

// One feature of an example; `found` is null if the example lacks it.
Result<tf::Tensor> ToFeature(const std::string& name, const FeatureDescription& description,
                             const records::FeatureValues* found) {
  // A feature without a kind counts as missing, as in TensorFlow.
  if (found != nullptr && std::holds_alternative<std::monostate>(*found)) found = nullptr;
  if (found == nullptr && description.default_value.has_value()) {
    found = &*description.default_value;
  }
  if (found == nullptr) {
    if (description.variable_length) return NoValues(description.dtype);
    return InvalidArgumentError("feature \"{}\" is missing and has no default", name);
  }
  if (TypeOf(*found) != description.dtype) {
    return InvalidArgumentError("feature \"{}\" is {}, {} was expected", name, KindName(*found),
                                tf::DataTypeName(description.dtype));
  }
  const auto count = static_cast<int64_t>(CountOf(*found));
  if (description.variable_length) return ToTensor(*found, {count});
  if (count != tf::NumElements(description.shape)) {
    return InvalidArgumentError("feature \"{}\" has {} values, shape {} was expected", name, count,
                                tf::ShapeToString(description.shape));
  }
  return ToTensor(*found, description.shape);
}

Status CheckOptions(const TfRecordOptions& options) {
  if (options.features.empty())
    return InvalidArgumentError("TfRecordInput: no feature is asked for");
  for (const auto& [name, description] : options.features) {
    const auto wrong = [&](std::string_view what) {
      return InvalidArgumentError("TfRecordInput: feature \"{}\" {}", name, what);
    };
    if (description.dtype != tf::DataType::kFloat && description.dtype != tf::DataType::kInt64 &&
        description.dtype != tf::DataType::kString) {
      return wrong("must be float, int64 or string: examples hold nothing else");
    }
    for (const int64_t size : description.shape) {
      if (size < 0) return wrong("has an open shape: use variable_length");
    }
    if (!description.default_value.has_value()) continue;
    if (TypeOf(*description.default_value) != description.dtype) {
      return wrong("has a default of another type");
    }
    if (!description.variable_length && static_cast<int64_t>(CountOf(*description.default_value)) !=
                                            tf::NumElements(description.shape)) {
      return wrong("has a default of another shape");
    }
  }
  if (!options.label.empty() && !options.features.contains(options.label)) {
    return InvalidArgumentError("TfRecordInput: the label \"{}\" is not among the features",
                                options.label);
  }
  return OkStatus();
}

InputSpec SpecOf(const TfRecordOptions& options) {
  InputSpec spec;
  for (const auto& [name, description] : options.features) {
    const FeatureSpec feature{
        .dtype = description.dtype,
        .shape = description.variable_length ? tf::Shape{-1} : description.shape};
    if (name == options.label) {
      spec.labels = feature;
    } else {
      spec.features[name] = feature;
    }
  }
  return spec;
}

class FileIterator : public BatchIterator {
 public:
  FileIterator(const std::string& path, const TfRecordOptions& options)
      : path_(path), options_(options) {}

  Result<std::optional<Batch>> Next() override {
    if (reader_ == nullptr) {
      ASSIGN_OR_RETURN(reader_, records::RecordReader::Open(path_, offset_));
    }
    while (true) {
      ASSIGN_OR_RETURN(const records::Record record, reader_->Next());
      if (record.state == records::RecordState::kEnd) return std::optional<Batch>();
      Result<Batch> example = Decode(record);
      if (example.ok()) return std::optional<Batch>(std::move(*example));
      if (options_.skip_broken == nullptr) return example.status();
      if (!ended_) options_.skip_broken->Add(example.status());
      ended_ = record.state == records::RecordState::kTruncated;  // counted once
      if (ended_) return std::optional<Batch>();
    }
  }

  std::string Save() const override {
    return PositionWriter(kKind).Number(reader_ != nullptr ? reader_->offset() : offset_).str();
  }
  Status Restore(const std::string& bytes) override {
    if (bytes.empty()) return OkStatus();
    PositionReader position(kKind, bytes);
    offset_ = position.Number();
    reader_ = nullptr;
    ended_ = false;
    return position.End();
  }

 private:
  Result<Batch> Decode(const records::Record& record) const {
    switch (record.state) {
      case records::RecordState::kCorrupt:
        return DataLossError("cannot read {}: the record at byte {} has a wrong checksum", path_,
                             record.offset);
      case records::RecordState::kTruncated:
        return DataLossError("cannot read {}: the file ends inside the record at byte {}", path_,
                             record.offset);
      case records::RecordState::kWhole:
      case records::RecordState::kEnd:
        break;
    }
    const auto with_place = [&](const Status& status) {
      return status.WithContext(
          fmt::format("cannot read {}: the example at byte {}", path_, record.offset));
    };
    const Result<records::Example> example = records::ParseExample(record.bytes);
    if (!example.ok()) return with_place(example.status());
    Result<Batch> batch = ToBatch(*example, options_);
    if (!batch.ok()) return with_place(batch.status());
    return batch;
  }

  const std::string& path_;
  const TfRecordOptions& options_;
  uint64_t offset_ = 0;  // where to open the file
  std::unique_ptr<records::RecordReader> reader_;
  bool ended_ = false;
};

class FileInput : public Input {
 public:
  FileInput(std::string path, std::shared_ptr<const TfRecordOptions> options)
      : path_(std::move(path)), options_(std::move(options)), spec_(SpecOf(*options_)) {}
  const InputSpec& spec() const override { return spec_; }
  Result<std::unique_ptr<BatchIterator>> MakeIterator() const override {
    return std::unique_ptr<BatchIterator>(std::make_unique<FileIterator>(path_, *options_));
  }

 private:
  const std::string path_;
  const std::shared_ptr<const TfRecordOptions> options_;  // of all files
  const InputSpec spec_;
};

}  // namespace

Result<Batch> ToBatch(const records::Example& example, const TfRecordOptions& options) {
  Batch batch;
  for (const auto& [name, description] : options.features) {
    const auto found = example.find(name);
    ASSIGN_OR_RETURN(
        tf::Tensor tensor,
        ToFeature(name, description, found == example.end() ? nullptr : &found->second));
    if (name == options.label) {
      batch.labels = std::move(tensor);
    } else {
      batch.features.emplace(name, std::move(tensor));
    }
  }
  return batch;
}

Result<InputPtr> TfRecordInput(const std::vector<std::string>& files, TfRecordOptions options) {
  RETURN_IF_ERROR(CheckOptions(options));
  if (files.empty()) return InvalidArgumentError("TfRecordInput: there are no files");
  const auto shared = std::make_shared<const TfRecordOptions>(std::move(options));
  std::vector<InputPtr> inputs;
  for (const std::string& file : files) inputs.push_back(std::make_shared<FileInput>(file, shared));
  return Interleave(std::move(inputs), {.cycle_length = shared->cycle_length,
                                        .block_length = shared->block_length,
                                        .shuffle = shared->shuffle_files,
                                        .seed = shared->seed,
                                        .shard = shared->shard});
}

}  // namespace trainyard::train
