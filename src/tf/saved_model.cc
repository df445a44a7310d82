#include "tf/saved_model.h"

#include <fcntl.h>
#include <unistd.h>

#include <exception>

#include "base/files.h"
#include "base/wire.h"
#include "tf/internal/constants_check.h"
#include "tf/internal/handles.h"

namespace trainyard::tf {
namespace {

// Field numbers: tensorflow/core/protobuf/meta_graph.proto, framework/tensor_shape.proto.
constexpr int kMetaGraphSignatures = 5;

bool ParseShape(std::string_view bytes, TensorInfo* info) {
  WireReader shape(bytes);
  while (shape.Next()) {
    if (shape.field() == 2) {
      int64_t size = 0;  // proto3 leaves a zero out
      WireReader dim(shape.bytes());
      while (dim.Next()) {
        if (dim.field() == 1) size = static_cast<int64_t>(dim.varint());
      }
      if (!dim.ok()) return false;
      info->shape.push_back(size);
    } else if (shape.field() == 3) {
      info->unknown_rank = shape.varint() != 0;
    }
  }
  return shape.ok();
}

bool ParseTensorInfo(std::string_view bytes, TensorInfo* info) {
  WireReader reader(bytes);
  info->unknown_rank = true;  // until a shape is seen
  while (reader.Next()) {
    if (reader.field() == 1) info->name = reader.bytes();
    if (reader.field() == 2) info->dtype = static_cast<DataType>(reader.varint());
    if (reader.field() == 3) {
      info->unknown_rank = false;
      if (!ParseShape(reader.bytes(), info)) return false;
    }
  }
  return reader.ok();
}

// Splits a map entry into key and value bytes.
bool ParseMapEntry(std::string_view bytes, std::string* key, std::string_view* value) {
  WireReader entry(bytes);
  while (entry.Next()) {
    if (entry.field() == 1) *key = entry.bytes();
    if (entry.field() == 2) *value = entry.bytes();
  }
  return entry.ok();
}

bool ParseTensorMapEntry(std::string_view bytes, std::map<std::string, TensorInfo>* map) {
  std::string key;
  std::string_view value;
  return ParseMapEntry(bytes, &key, &value) && ParseTensorInfo(value, &(*map)[key]);
}

bool ParseSignature(std::string_view bytes, Signature* signature) {
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.field() == 1 && !ParseTensorMapEntry(reader.bytes(), &signature->inputs)) {
      return false;
    }
    if (reader.field() == 2 && !ParseTensorMapEntry(reader.bytes(), &signature->outputs)) {
      return false;
    }
    if (reader.field() == 3) signature->method_name = reader.bytes();
  }
  return reader.ok();
}

// A directory by a name that is used again. TensorFlow keeps counters, for ever, for each path that
// it has loaded from, and a server loads from a new one each time.
class ShortPath {
 public:
  explicit ShortPath(const std::string& directory)
      : directory_(directory), fd_(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    path_ = fmt::format("/proc/self/fd/{}", fd_);
    if (fd_ < 0 || access(path_.c_str(), X_OK) != 0) path_ = directory;
  }
  ~ShortPath() {
    if (fd_ >= 0) close(fd_);
  }
  ShortPath(const ShortPath&) = delete;
  ShortPath& operator=(const ShortPath&) = delete;

  const char* c_str() const { return path_.c_str(); }

  // The same failure, about the directory as it is known.
  Status Translate(const Status& status) const {
    std::string text = status.message();
    size_t at = text.find(path_);
    while (path_ != directory_ && at != std::string::npos) {
      text.replace(at, path_.size(), directory_);
      at = text.find(path_, at + directory_.size());
    }
    return {status.code(), text};
  }

 private:
  const std::string& directory_;
  const int fd_;
  std::string path_;
};

// How variables are restored and initialisers run: as the session's own runs are, so that a load
// happens in the thread that asks for it, at that thread's priority, where runs do. Else
// TensorFlow's pool would do it at its own. nullptr: as the session is.
internal::BufferPtr LoadOptions(const SessionConfig& config) {
  constexpr int kInterOpThreadPool = 3;  // of RunOptions in tensorflow/core/protobuf/config.proto
  if (config.inter_op_threads >= 0) return nullptr;
  WireWriter options;
  options.Varint(kInterOpThreadPool, static_cast<uint64_t>(int64_t{-1}));
  return internal::BufferPtr(TF_NewBufferFromString(options.str().data(), options.str().size()));
}

}  // namespace

Result<std::map<std::string, Signature>> ParseSignatures(std::string_view meta_graph) {
  std::map<std::string, Signature> signatures;
  WireReader reader(meta_graph);
  while (reader.Next()) {
    if (reader.field() != kMetaGraphSignatures) continue;
    std::string key;
    std::string_view value;
    if (!ParseMapEntry(reader.bytes(), &key, &value) || !ParseSignature(value, &signatures[key])) {
      return DataLossError("the SavedModel's signatures cannot be read");
    }
  }
  if (!reader.ok()) return DataLossError("the SavedModel's meta graph cannot be read");
  return signatures;
}

Result<SavedModel> LoadSavedModel(const std::string& directory,
                                  const std::vector<std::string>& tags,
                                  const SessionConfig& config) {
  const std::string attempt = fmt::format("cannot load SavedModel {}", directory);
  if (const auto bytes = ReadFile(JoinPath(directory, "saved_model.pb")); bytes.ok()) {
    const Status constants = internal::CheckConstants(*bytes);
    if (!constants.ok()) return constants.WithContext(attempt);
  }
  const internal::SessionOptionsPtr options(TF_NewSessionOptions());
  internal::CallStatus call;
  const std::string encoded = EncodeConfig(config);
  TF_SetConfig(options.get(), encoded.data(), encoded.size(), call.get());
  if (!call.ok()) return call.ToStatus().WithContext(attempt);
  std::vector<const char*> c_tags;
  for (const std::string& tag : tags) c_tags.push_back(tag.c_str());
  SavedModel model;
  model.graph = std::make_unique<Graph>();
  const internal::BufferPtr meta_graph = internal::MakeBuffer();
  const ShortPath path(directory);
  const internal::BufferPtr run_options = LoadOptions(config);
  TF_Session* session = nullptr;
  try {
    session = TF_LoadSessionFromSavedModel(options.get(), run_options.get(), path.c_str(),
                                           c_tags.data(), static_cast<int>(c_tags.size()),
                                           model.graph->handle(), meta_graph.get(), call.get());
  } catch (const std::exception& error) {      // over some damaged graphs
    static_cast<void>(model.graph.release());  // TensorFlow has left it locked
    return DataLossError("{}: TensorFlow cannot read the graph: {}", attempt, error.what());
  }
  if (!call.ok()) return path.Translate(call.ToStatus()).WithContext(attempt);
  model.session = std::make_unique<Session>(session, config.inter_op_threads);
  model.meta_graph = std::string(internal::BufferBytes(*meta_graph));
  Result<std::map<std::string, Signature>> signatures = ParseSignatures(model.meta_graph);
  if (!signatures.ok()) return signatures.status().WithContext(attempt);
  model.signatures = std::move(signatures).value();
  return model;
}

}  // namespace trainyard::tf
