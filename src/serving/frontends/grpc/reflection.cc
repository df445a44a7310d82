#include "serving/frontends/grpc/reflection.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <set>

#include "tensorflow/serving/model_service.pb.h"
#include "tensorflow/serving/prediction_service.pb.h"

namespace trainyard::serving {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

// These files define services and nothing else, so that no code of ours refers to them: without
// this the linker leaves them, and with them their descriptors, out.
[[gnu::used]] const void* const kServiceFiles[] = {
    &descriptor_table_tensorflow_2fserving_2fprediction_5fservice_2eproto,
    &descriptor_table_tensorflow_2fserving_2fmodel_5fservice_2eproto};

const DescriptorPool& Pool() { return *DescriptorPool::generated_pool(); }

void Append(const FileDescriptor* file, std::set<const FileDescriptor*>* seen,
            std::vector<std::string>* files) {
  if (!seen->insert(file).second) return;
  google::protobuf::FileDescriptorProto proto;
  file->CopyTo(&proto);
  files->push_back(proto.SerializeAsString());
  for (int i = 0; i < file->dependency_count(); ++i) Append(file->dependency(i), seen, files);
}

Result<std::vector<std::string>> Describe(const FileDescriptor* file, const std::string& what) {
  if (file == nullptr) return NotFoundError("{} is not known to this server", what);
  std::set<const FileDescriptor*> seen;
  std::vector<std::string> files;
  Append(file, &seen, &files);
  return files;
}

}  // namespace

Result<std::vector<std::string>> DescribeFile(const std::string& name) {
  return Describe(Pool().FindFileByName(name), "file " + name);
}

Result<std::vector<std::string>> DescribeSymbol(const std::string& symbol) {
  return Describe(Pool().FindFileContainingSymbol(symbol), "symbol " + symbol);
}

Result<std::vector<int>> ExtensionNumbers(const std::string& message) {
  const Descriptor* type = Pool().FindMessageTypeByName(message);
  if (type == nullptr) return NotFoundError("type {} is not known to this server", message);
  std::vector<const FieldDescriptor*> extensions;
  Pool().FindAllExtensions(type, &extensions);
  std::vector<int> numbers;
  for (const FieldDescriptor* extension : extensions) numbers.push_back(extension->number());
  return numbers;
}

Result<std::vector<std::string>> DescribeExtension(const std::string& message, int number) {
  const Descriptor* type = Pool().FindMessageTypeByName(message);
  const FieldDescriptor* extension =
      type == nullptr ? nullptr : Pool().FindExtensionByNumber(type, number);
  return Describe(extension == nullptr ? nullptr : extension->file(),
                  fmt::format("extension {} of {}", number, message));
}

}  // namespace trainyard::serving
