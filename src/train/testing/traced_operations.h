// What a traced run says about its operations.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/wire.h"
#include "tf/types.h"

namespace trainyard::train::testing {

struct TracedOperation {
  std::string device;    // "/job:ps/replica:0/task:0/device:CPU:0"
  tf::DataType dtype{};  // of its first output
};

// Field numbers: tensorflow/core/framework/{step_stats,tensor_description}.proto.
inline tf::DataType TypeOfOutput(std::string_view node_output) {
  uint64_t dtype = 0;
  WireReader output(node_output);
  while (output.Next()) {
    if (output.field() != 3) continue;  // tensor_description
    WireReader tensor(output.bytes());
    while (tensor.Next()) {
      if (tensor.field() == 1) dtype = tensor.varint();
    }
  }
  return static_cast<tf::DataType>(dtype);
}

// The operations with outputs that a serialized RunMetadata tells of, by name. TensorFlow does not
// trace Identity.
inline std::map<std::string, TracedOperation> TracedOperations(std::string_view run_metadata) {
  std::map<std::string, TracedOperation> operations;
  const auto add_node = [&](const std::string& device, std::string_view bytes) {
    std::string name;
    WireReader node(bytes);
    while (node.Next()) {
      if (node.field() == 1) name = node.bytes();
      if (node.field() == 7) operations.try_emplace(name, device, TypeOfOutput(node.bytes()));
    }
  };
  WireReader metadata(run_metadata);
  while (metadata.Next()) {
    if (metadata.field() != 1) continue;  // step_stats
    WireReader devices(metadata.bytes());
    while (devices.Next()) {
      std::string name;
      WireReader device(devices.bytes());
      while (device.Next()) {
        if (device.field() == 1) name = device.bytes();
        if (device.field() == 2) add_node(name, device.bytes());
      }
    }
  }
  return operations;
}

}  // namespace trainyard::train::testing
