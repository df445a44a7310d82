#include "tf/checkpoint_reader.h"

#include "tf/internal/handles.h"

// Exported by TensorFlow's library (tensorflow/c/c_api_experimental.h); declared here because that
// header pulls in the whole eager API.
extern "C" {
TF_CheckpointReader* TF_NewCheckpointReader(const char* filename, TF_Status* status);
void TF_DeleteCheckpointReader(TF_CheckpointReader* reader);
const char* TF_CheckpointReaderGetVariable(TF_CheckpointReader* reader, int index);
int TF_CheckpointReaderSize(TF_CheckpointReader* reader);
TF_DataType TF_CheckpointReaderGetVariableDataType(TF_CheckpointReader* reader, const char* name);
void TF_CheckpointReaderGetVariableShape(TF_CheckpointReader* reader, const char* name,
                                         int64_t* dims, int num_dims, TF_Status* status);
int TF_CheckpointReaderGetVariableNumDims(TF_CheckpointReader* reader, const char* name);
TF_Tensor* TF_CheckpointReaderGetTensor(TF_CheckpointReader* reader, const char* name,
                                        TF_Status* status);
}

namespace trainyard::tf {

using internal::CallStatus;

void CheckpointReader::Deleter::operator()(TF_CheckpointReader* reader) const {
  TF_DeleteCheckpointReader(reader);
}

Result<CheckpointReader> CheckpointReader::Open(const std::string& prefix) {
  const std::string attempt = fmt::format("cannot read checkpoint {}", prefix);
  CheckpointReader reader;
  CallStatus call;
  reader.handle_.reset(TF_NewCheckpointReader(prefix.c_str(), call.get()));
  if (!call.ok()) return call.ToStatus().WithContext(attempt);
  TF_CheckpointReader* handle = reader.handle_.get();
  for (int i = 0; i < TF_CheckpointReaderSize(handle); ++i) {
    const char* name = TF_CheckpointReaderGetVariable(handle, i);
    CheckpointEntry& entry = reader.entries_[name];
    entry.dtype = static_cast<DataType>(TF_CheckpointReaderGetVariableDataType(handle, name));
    entry.shape.resize(static_cast<size_t>(TF_CheckpointReaderGetVariableNumDims(handle, name)));
    TF_CheckpointReaderGetVariableShape(handle, name, entry.shape.data(),
                                        static_cast<int>(entry.shape.size()), call.get());
    if (!call.ok()) return call.ToStatus().WithContext(attempt);
  }
  return reader;
}

Result<Tensor> CheckpointReader::Read(const std::string& name) const {
  CallStatus call;
  Tensor tensor(TF_CheckpointReaderGetTensor(handle_.get(), name.c_str(), call.get()));
  if (!call.ok()) {
    return call.ToStatus().WithContext(fmt::format("cannot read \"{}\" of a checkpoint", name));
  }
  return tensor;
}

}  // namespace trainyard::tf
