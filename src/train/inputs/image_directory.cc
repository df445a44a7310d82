#include "train/inputs/image_directory.h"

#include <algorithm>
#include <cctype>

#include "base/files.h"
#include "train/inputs/image_decoder.h"
#include "train/inputs/map.h"
#include "train/inputs/position.h"
#include "train/inputs/random.h"

namespace trainyard::train {
namespace {

constexpr const char* kKind = "files";

struct LabelledFile {
  std::string path;
  int32_t label = 0;
};

bool IsPicture(const std::string& name) {
  std::string lower = name;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::ranges::any_of(
      std::initializer_list<const char*>{".bmp", ".gif", ".jpeg", ".jpg", ".png"},
      [&](const char* extension) { return lower.ends_with(extension); });
}

// The pictures below a directory, files before folders, each in the order of names.
Status Collect(const std::string& directory, int32_t label, std::vector<LabelledFile>* files) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDirectory(directory));
  std::vector<std::string> folders;
  for (const std::string& name : names) {
    const std::string path = JoinPath(directory, name);
    if (IsDirectory(path)) {
      folders.push_back(path);
    } else if (IsPicture(name)) {
      files->push_back({path, label});
    }
  }
  for (const std::string& folder : folders) RETURN_IF_ERROR(Collect(folder, label, files));
  return OkStatus();
}

Result<std::vector<std::string>> ClassNames(const std::string& directory,
                                            const ImageDirectoryOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDirectory(directory));
  std::vector<std::string> folders;
  for (const std::string& name : names) {
    if (!name.starts_with('.') && IsDirectory(JoinPath(directory, name))) folders.push_back(name);
  }
  if (options.class_names.empty()) {
    if (!folders.empty()) return folders;
    return InvalidArgumentError("{} has no folder for any class of pictures", directory);
  }
  for (const std::string& name : options.class_names) {
    if (std::ranges::find(folders, name) == folders.end()) {
      return InvalidArgumentError("{} has no folder for class \"{}\"", directory, name);
    }
  }
  return options.class_names;
}

// The names of the files in their order: examples with the feature "path".
class FilesIterator : public BatchIterator {
 public:
  FilesIterator(const std::vector<LabelledFile>& files, const ImageDirectoryOptions& options,
                uint64_t seed, uint64_t epoch)
      : files_(files), options_(options), epoch_(epoch) {
    Start(seed);
  }

  Result<std::optional<Batch>> Next() override {
    if (next_ >= order_.size()) return std::optional<Batch>();
    const LabelledFile& file = files_[order_[next_]];
    next_ += static_cast<size_t>(options_.shard.count);
    Batch example;
    example.features.emplace("path", tf::Tensor::StringScalar(file.path));
    example.labels = tf::Tensor::Scalar(file.label);
    return std::optional<Batch>(std::move(example));
  }

  std::string Save() const override {
    return PositionWriter(kKind).Number(order_.size()).Number(seed_).Number(next_).str();
  }
  Status Restore(const std::string& bytes) override {
    if (bytes.empty()) return OkStatus();
    PositionReader position(kKind, bytes);
    const uint64_t size = position.Number();
    const uint64_t seed = position.Number();
    const uint64_t next = position.Number();
    RETURN_IF_ERROR(position.End());
    if (size != order_.size()) {
      return InvalidArgumentError("the position is in {} files, these are {}", size, order_.size());
    }
    Start(seed);
    next_ = next;
    return OkStatus();
  }

 private:
  void Start(uint64_t seed) {
    seed_ = seed;
    order_.resize(files_.size());
    for (size_t i = 0; i < order_.size(); ++i) order_[i] = i;
    next_ = static_cast<size_t>(options_.shard.index);
    if (!options_.shuffle) return;
    Random random = Random::Of({seed, epoch_});
    for (size_t left = order_.size(); left > 1; --left) {
      std::swap(order_[left - 1], order_[random.Below(left)]);
    }
  }

  const std::vector<LabelledFile>& files_;
  const ImageDirectoryOptions& options_;
  const uint64_t epoch_;
  uint64_t seed_ = 0;
  std::vector<size_t> order_;
  size_t next_ = 0;
};

class FilesInput : public PassInput {
 public:
  FilesInput(std::vector<LabelledFile> files, ImageDirectoryOptions options)
      : files_(std::move(files)), options_(std::move(options)) {
    spec_.features["path"] = {.dtype = tf::DataType::kString, .shape = {}};
    spec_.labels = FeatureSpec{.dtype = tf::DataType::kInt32, .shape = {}};
  }
  const InputSpec& spec() const override { return spec_; }
  Result<std::unique_ptr<BatchIterator>> MakePass(const Pass& pass) const override {
    const uint64_t seed = options_.seed.value_or(pass.salt);
    return std::unique_ptr<BatchIterator>(
        std::make_unique<FilesIterator>(files_, options_, seed, pass.number));
  }

 private:
  const std::vector<LabelledFile> files_;
  const ImageDirectoryOptions options_;
  InputSpec spec_;
};

Status CheckOptions(const ImageDirectoryOptions& options) {
  if (options.height < 1 || options.width < 1) {
    return InvalidArgumentError("ReadImageDirectory: pictures of {}x{} are asked for",
                                options.height, options.width);
  }
  if (options.channels != 1 && options.channels != 3 && options.channels != 4) {
    return InvalidArgumentError("ReadImageDirectory: channels is {}: it must be 1, 3 or 4",
                                options.channels);
  }
  const Shard& shard = options.shard;
  if (shard.index < 0 || shard.index >= shard.count) {
    return InvalidArgumentError("shard {} of {} does not exist", shard.index, shard.count);
  }
  if (shard.count > 1 && options.shuffle && !options.seed.has_value()) {
    return InvalidArgumentError(
        "ReadImageDirectory: {} workers share the files: they need a seed to agree on the order",
        shard.count);
  }
  return OkStatus();
}

}  // namespace

Result<ImageDirectory> ReadImageDirectory(const std::string& directory,
                                          ImageDirectoryOptions options) {
  RETURN_IF_ERROR(CheckOptions(options));
  ImageDirectory result;
  ASSIGN_OR_RETURN(result.class_names, ClassNames(directory, options));
  std::vector<LabelledFile> files;
  for (size_t i = 0; i < result.class_names.size(); ++i) {
    RETURN_IF_ERROR(
        Collect(JoinPath(directory, result.class_names[i]), static_cast<int32_t>(i), &files));
  }
  if (files.empty()) return InvalidArgumentError("{} has no pictures in its folders", directory);
  result.num_files = static_cast<int64_t>(files.size());
  ASSIGN_OR_RETURN(std::shared_ptr<const ImageDecoder> decoder,
                   ImageDecoder::Create({options.height, options.width, options.channels}));
  const MapFn decode = [decoder](Batch file, Random& /*random*/) -> Result<Batch> {
    const std::string path = file.features.at("path").strings()[0];
    ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
    Result<tf::Tensor> image = decoder->Decode(bytes);
    if (!image.ok()) {
      return DataLossError("cannot decode {}: {}", path, image.status().message());
    }
    Batch example;
    example.features.emplace("image", std::move(*image));
    example.labels = std::move(file.labels);
    return example;
  };
  InputSpec spec;
  spec.features["image"] = {.dtype = tf::DataType::kFloat,
                            .shape = {options.height, options.width, options.channels}};
  spec.labels = FeatureSpec{.dtype = tf::DataType::kInt32, .shape = {}};
  const MapOptions map{.spec = std::move(spec),
                       .num_threads = options.num_threads,
                       .seed = 0,
                       .skip_failed = options.skip_broken};
  ASSIGN_OR_RETURN(result.input,
                   Map(std::make_shared<FilesInput>(std::move(files), options), decode, map));
  return result;
}

}  // namespace trainyard::train
