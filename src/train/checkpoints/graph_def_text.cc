#include "train/checkpoints/graph_def_text.h"

#include <algorithm>
#include <map>
#include <span>

#include "base/wire.h"
#include "tf/types.h"

namespace trainyard::train {
namespace {

enum class Kind { kMessage, kMap, kText, kInt, kUint, kBool, kFloat, kDouble, kDataType };

// What the text needs of a message type; numbers and names are those of TensorFlow's .proto files.
struct MessageType;
struct FieldType {
  int number;
  const char* name;
  Kind kind;
  const MessageType* message = nullptr;  // of kMessage, and of kMap's values
};
struct MessageType {
  const char* name;
  std::span<const FieldType> fields;
};

extern const MessageType kFullType, kNameAttrList;

constexpr FieldType kDimFields[] = {{1, "size", Kind::kInt}, {2, "name", Kind::kText}};
constexpr MessageType kDim{"Dim", kDimFields};
constexpr FieldType kShapeFields[] = {{2, "dim", Kind::kMessage, &kDim},
                                      {3, "unknown_rank", Kind::kBool}};
constexpr MessageType kShape{"TensorShapeProto", kShapeFields};
constexpr FieldType kTensorFields[] = {
    {1, "dtype", Kind::kDataType},     {2, "tensor_shape", Kind::kMessage, &kShape},
    {3, "version_number", Kind::kInt}, {4, "tensor_content", Kind::kText},
    {5, "float_val", Kind::kFloat},    {6, "double_val", Kind::kDouble},
    {7, "int_val", Kind::kInt},        {8, "string_val", Kind::kText},
    {9, "scomplex_val", Kind::kFloat}, {10, "int64_val", Kind::kInt},
    {11, "bool_val", Kind::kBool},     {12, "dcomplex_val", Kind::kDouble},
    {13, "half_val", Kind::kInt},      {16, "uint32_val", Kind::kUint},
    {17, "uint64_val", Kind::kUint},   {18, "float8_val", Kind::kText}};
constexpr MessageType kTensor{"TensorProto", kTensorFields};
constexpr FieldType kListFields[] = {{2, "s", Kind::kText},
                                     {3, "i", Kind::kInt},
                                     {4, "f", Kind::kFloat},
                                     {5, "b", Kind::kBool},
                                     {6, "type", Kind::kDataType},
                                     {7, "shape", Kind::kMessage, &kShape},
                                     {8, "tensor", Kind::kMessage, &kTensor},
                                     {9, "func", Kind::kMessage, &kNameAttrList}};
constexpr MessageType kList{"ListValue", kListFields};
constexpr FieldType kAttrFields[] = {{1, "list", Kind::kMessage, &kList},
                                     {2, "s", Kind::kText},
                                     {3, "i", Kind::kInt},
                                     {4, "f", Kind::kFloat},
                                     {5, "b", Kind::kBool},
                                     {6, "type", Kind::kDataType},
                                     {7, "shape", Kind::kMessage, &kShape},
                                     {8, "tensor", Kind::kMessage, &kTensor},
                                     {9, "placeholder", Kind::kText},
                                     {10, "func", Kind::kMessage, &kNameAttrList}};
constexpr MessageType kAttr{"AttrValue", kAttrFields};
constexpr FieldType kNameAttrListFields[] = {{1, "name", Kind::kText},
                                             {2, "attr", Kind::kMap, &kAttr}};
constexpr MessageType kNameAttrList{"NameAttrList", kNameAttrListFields};
// Enums may be written as numbers.
constexpr FieldType kFullTypeFields[] = {{1, "type_id", Kind::kInt},
                                         {2, "args", Kind::kMessage, &kFullType},
                                         {3, "s", Kind::kText},
                                         {4, "i", Kind::kInt}};
constexpr MessageType kFullType{"FullTypeDef", kFullTypeFields};
constexpr FieldType kDebugInfoFields[] = {{1, "original_node_names", Kind::kText},
                                          {2, "original_func_names", Kind::kText}};
constexpr MessageType kDebugInfo{"ExperimentalDebugInfo", kDebugInfoFields};
constexpr FieldType kNodeFields[] = {{1, "name", Kind::kText},
                                     {2, "op", Kind::kText},
                                     {3, "input", Kind::kText},
                                     {4, "device", Kind::kText},
                                     {5, "attr", Kind::kMap, &kAttr},
                                     {6, "experimental_debug_info", Kind::kMessage, &kDebugInfo},
                                     {7, "experimental_type", Kind::kMessage, &kFullType}};
constexpr MessageType kNode{"NodeDef", kNodeFields};
constexpr FieldType kVersionsFields[] = {
    {1, "producer", Kind::kInt}, {2, "min_consumer", Kind::kInt}, {3, "bad_consumers", Kind::kInt}};
constexpr MessageType kVersions{"VersionDef", kVersionsFields};
constexpr MessageType kLibrary{"FunctionDefLibrary", {}};
constexpr FieldType kGraphFields[] = {{1, "node", Kind::kMessage, &kNode},
                                      {2, "library", Kind::kMessage, &kLibrary},
                                      {3, "version", Kind::kInt},
                                      {4, "versions", Kind::kMessage, &kVersions}};
constexpr MessageType kGraph{"GraphDef", kGraphFields};

std::string Quote(std::string_view bytes) {
  std::string text = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text += {'\\', c};
    } else if (c == '\n') {
      text += "\\n";
    } else if (byte < 0x20 || byte >= 0x7f) {
      text += fmt::format("\\{:03o}", byte);
    } else {
      text += c;
    }
  }
  return text + '"';
}

// DT_FLOAT; its number if we have no name for it.
std::string DataTypeText(uint64_t number) {
  std::string name = tf::DataTypeName(static_cast<tf::DataType>(number));
  if (name.find(' ') != std::string::npos) return std::to_string(number);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return "DT_" + name;
}

std::string NumberText(Kind kind, const WireReader& reader) {
  switch (kind) {
    case Kind::kInt:
      return std::to_string(static_cast<int64_t>(reader.varint()));
    case Kind::kUint:
      return std::to_string(reader.varint());
    case Kind::kBool:
      return reader.varint() != 0 ? "true" : "false";
    case Kind::kFloat:
      return fmt::format("{}", reader.AsFloat());
    case Kind::kDouble:
      return fmt::format("{}", reader.AsDouble());
    case Kind::kDataType:
      return DataTypeText(reader.varint());
    case Kind::kMessage:
    case Kind::kMap:
    case Kind::kText:
      break;
  }
  return "";
}

// 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.
int WireTypeOf(Kind kind) {
  switch (kind) {
    case Kind::kFloat:
      return 5;
    case Kind::kDouble:
      return 1;
    case Kind::kMessage:
    case Kind::kMap:
    case Kind::kText:
      return 2;
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kBool:
    case Kind::kDataType:
      return 0;
  }
  return 0;
}

class Printer {
 public:
  Status Print(const MessageType& type, std::string_view message, int depth) {
    const std::string indent(static_cast<size_t>(2 * depth), ' ');
    std::map<std::string, std::string_view> entries;  // of the one map that a message has
    const FieldType* map = nullptr;
    WireReader reader(message);
    while (reader.Next()) {
      const auto field =
          std::find_if(type.fields.begin(), type.fields.end(),
                       [&](const FieldType& f) { return f.number == reader.field(); });
      if (field == type.fields.end()) return Unknown(type, reader.field());
      if (field->kind == Kind::kMap) {
        map = &*field;
        RETURN_IF_ERROR(ReadEntry(reader.bytes(), &entries));
      } else if (field->kind == Kind::kMessage) {
        RETURN_IF_ERROR(PrintMessage(*field, reader.bytes(), depth));
      } else if (field->kind == Kind::kText) {
        text_ += fmt::format("{}{}: {}\n", indent, field->name, Quote(reader.bytes()));
      } else if (reader.wire_type() == WireTypeOf(field->kind)) {
        text_ += fmt::format("{}{}: {}\n", indent, field->name, NumberText(field->kind, reader));
      } else {
        RETURN_IF_ERROR(PrintPacked(type, *field, reader.bytes(), indent));
      }
    }
    for (const auto& [key, value] : entries) {
      text_ += fmt::format("{}{} {{\n{}  key: {}\n", indent, map->name, indent, Quote(key));
      RETURN_IF_ERROR(PrintMessage({2, "value", Kind::kMessage, map->message}, value, depth + 1));
      text_ += indent + "}\n";
    }
    return reader.ok() ? OkStatus() : InvalidArgumentError("a {} is cut off", type.name);
  }
  std::string Take() { return std::move(text_); }

 private:
  static Status Unknown(const MessageType& type, int field) {
    return InvalidArgumentError("a {} has a field {}, which has no name here", type.name, field);
  }

  Status PrintMessage(const FieldType& field, std::string_view message, int depth) {
    const std::string indent(static_cast<size_t>(2 * depth), ' ');
    text_ += fmt::format("{}{} {{\n", indent, field.name);
    RETURN_IF_ERROR(Print(*field.message, message, depth + 1));
    text_ += indent + "}\n";
    return OkStatus();
  }

  // Numbers one after the other without tags: given back their tags, to be read as others are.
  Status PrintPacked(const MessageType& type, const FieldType& field, std::string_view numbers,
                     const std::string& indent) {
    const int wire_type = WireTypeOf(field.kind);
    const char tag = static_cast<char>(8 | wire_type);
    std::string tagged;
    for (size_t at = 0; at < numbers.size();) {
      size_t end = at + (wire_type == 5 ? 4 : 8);
      if (wire_type == 0) {
        end = at;
        while (end < numbers.size() && (numbers[end] & 0x80) != 0) ++end;
        ++end;
      }
      tagged += tag;
      tagged += numbers.substr(at, end - at);
      at = end;
    }
    WireReader reader(tagged);
    while (reader.Next()) {
      text_ += fmt::format("{}{}: {}\n", indent, field.name, NumberText(field.kind, reader));
    }
    return reader.ok() ? OkStatus()
                       : InvalidArgumentError("field {} of a {} is cut off", field.name, type.name);
  }

  static Status ReadEntry(std::string_view entry,
                          std::map<std::string, std::string_view>* entries) {
    std::string key;
    std::string_view value;
    WireReader reader(entry);
    while (reader.Next()) {
      if (reader.field() == 1) key = reader.bytes();
      if (reader.field() == 2) value = reader.bytes();
    }
    (*entries)[key] = value;
    return reader.ok() ? OkStatus() : InvalidArgumentError("an attribute is cut off");
  }

  std::string text_;
};

}  // namespace

Result<std::string> FormatGraphDef(std::string_view graph_def) {
  Printer printer;
  RETURN_IF_ERROR(
      printer.Print(kGraph, graph_def, 0).WithContext("cannot write the graph as text"));
  return printer.Take();
}

}  // namespace trainyard::train
