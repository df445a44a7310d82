// Owners of the C API's handles, and the border between its statuses and ours.
#pragma once

#include <tensorflow/c/c_api.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace trainyard::tf::internal {

struct StatusDeleter {
  void operator()(TF_Status* s) const { TF_DeleteStatus(s); }
};
struct BufferDeleter {
  void operator()(TF_Buffer* b) const { TF_DeleteBuffer(b); }
};
struct SessionOptionsDeleter {
  void operator()(TF_SessionOptions* o) const { TF_DeleteSessionOptions(o); }
};
using BufferPtr = std::unique_ptr<TF_Buffer, BufferDeleter>;
using SessionOptionsPtr = std::unique_ptr<TF_SessionOptions, SessionOptionsDeleter>;

inline BufferPtr MakeBuffer() { return BufferPtr(TF_NewBuffer()); }
inline std::string_view BufferBytes(const TF_Buffer& buffer) {
  return {static_cast<const char*>(buffer.data), buffer.length};
}

// TensorFlow's message in one line, without the lines in which its RPC layer repeats itself.
std::string OneLine(std::string_view message);

// A fresh TF_Status for one call: `CallStatus call; TF_X(..., call.get()); return call.ToStatus();`
class CallStatus {
 public:
  CallStatus() : status_(TF_NewStatus()) {}
  TF_Status* get() { return status_.get(); }
  bool ok() const { return TF_GetCode(status_.get()) == TF_OK; }
  // TensorFlow's code and text.
  Status ToStatus() const {
    if (ok()) return OkStatus();
    return Status(static_cast<StatusCode>(TF_GetCode(status_.get())),
                  OneLine(TF_Message(status_.get())));
  }

 private:
  std::unique_ptr<TF_Status, StatusDeleter> status_;
};

}  // namespace trainyard::tf::internal
