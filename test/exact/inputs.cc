// Data pipelines. Each case writes the files that it reads, or gives their bytes, as "in:" values.
#include <algorithm>

#include "base/files.h"
#include "exact_cases.h"
#include "records/example.h"
#include "tf/ops.h"
#include "tf/session.h"
#include "train/inputs/csv_input.h"
#include "train/inputs/image_directory.h"
#include "train/inputs/pipeline.h"
#include "train/inputs/tfrecord_input.h"

namespace trainyard::exact {
namespace {

using train::Batch;
using train::InputPtr;

template <class T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{}\n", result.status().message());
    std::exit(1);
  }
  return std::move(result).value();
}

void Write(const std::string& path, const std::string& bytes) {
  if (!WriteFileAtomically(path, bytes, false).ok()) std::exit(1);
}

tf::Tensor BytesOf(const std::string& bytes) {
  std::vector<int32_t> values;
  for (const char c : bytes) values.push_back(static_cast<unsigned char>(c));
  return tf::Tensor::FromVector(values);
}

tf::Tensor ToInt32(const tf::Tensor& tensor) {
  std::vector<int32_t> values;
  for (const int64_t value : tensor.data<int64_t>()) values.push_back(static_cast<int32_t>(value));
  return tf::Tensor::FromValues<int32_t>(tensor.shape(), values);
}

// The first batch of at most 100 examples.
Batch FirstBatch(const InputPtr& examples) {
  const InputPtr batches = Must(train::BatchUp(examples, {.batch_size = 100, .pad = true}));
  const auto iterator = Must(batches->MakeIterator());
  return std::move(*Must(iterator->Next()));
}

// Pictures larger and smaller than asked for, as PNG and JPEG.
void PrintImages() {
  const TemporaryDirectory directory;
  if (!MakeDirectories(JoinPath(directory.path(), "class")).ok()) std::exit(1);
  Tensors values;
  for (const auto& [name, op, height, width] :
       std::initializer_list<std::tuple<std::string, const char*, int64_t, int64_t>>{
           {"a.png", "EncodePng", 9, 13}, {"b.jpg", "EncodeJpeg", 40, 24}}) {
    const Values pixels = Integers({height, width, 3}, 256, static_cast<uint64_t>(height));
    std::vector<uint8_t> bytes(pixels.integers.begin(), pixels.integers.end());
    tf::Graph graph;
    const tf::Scope scope(&graph);
    const tf::Output picture =
        scope.Op(op)
            .In(tf::Const(scope, tf::Tensor::FromValues<uint8_t>(pixels.shape, bytes)))
            .Out();
    const auto session = Must(tf::Session::Create(graph, {}));
    const std::string file = Must(session->Run({}, {picture}, {}))[0].strings()[0];
    Write(JoinPath(JoinPath(directory.path(), "class"), name), file);
    values["in:" + name] = BytesOf(file);
  }
  const auto images = Must(
      train::ReadImageDirectory(directory.path(), {.height = 12, .width = 17, .shuffle = false}));
  Batch batch = FirstBatch(images.input);
  values["out:images"] = std::move(batch.features.at("image"));
  values["out:labels"] = std::move(batch.labels);
  Print("image_directory", values);
}

void PrintExamples() {
  Tensors values;
  const TemporaryDirectory directory;
  const std::vector<records::Example> examples = {
      {{"open", std::vector<int64_t>{7, 300, 5}}, {"fixed", std::vector<float>{1.5f, -2}}},
      {{"open", std::vector<int64_t>{-1}}, {"other", std::vector<std::string>{"x"}}}};
  for (size_t i = 0; i < examples.size(); ++i) {
    values[fmt::format("in:{}", i)] = BytesOf(records::FormatExample(examples[i]));
  }
  const train::TfRecordOptions options{
      .features = {{"open", {.dtype = tf::DataType::kInt64, .variable_length = true}},
                   {"fixed", {.shape = {2}, .default_value = std::vector<float>{8, 9}}}}};
  for (size_t i = 0; i < examples.size(); ++i) {
    Batch example = Must(train::ToBatch(examples[i], options));
    values[fmt::format("out:open{}", i)] = ToInt32(example.features.at("open"));
    values[fmt::format("out:fixed{}", i)] = std::move(example.features.at("fixed"));
  }
  Print("parse_example", values);
}

void PrintCsv() {
  const std::string text =
      "a,b,c,label\n1,2.5,\"x, \"\"y\"\"\",0\n,-3e-2,,1\n 7 ,1,\"two\nlines\",1\n";
  const TemporaryDirectory directory;
  const std::string path = JoinPath(directory.path(), "f.csv");
  Write(path, text);
  Batch batch = FirstBatch(Must(train::CsvInput({path}, {.label = "label"})));
  Tensors values;
  values["in:file"] = BytesOf(text);
  values["out:a"] = std::move(batch.features.at("a"));
  values["out:b"] = std::move(batch.features.at("b"));
  std::string joined;
  for (const std::string& value : batch.features.at("c").strings()) joined += value + "|";
  values["out:c"] = BytesOf(joined);
  values["out:labels"] = std::move(batch.labels);
  Print("make_csv_dataset", values);
}

// Numbers from files of several lengths, three open at a time, two in a row, and the second of two
// workers' share of them.
void PrintInterleave() {
  const TemporaryDirectory directory;
  std::vector<InputPtr> inputs;
  for (int file = 0; file < 5; ++file) {
    std::string text = "x\n";
    for (int i = 0; i < 7 - 3 * (file % 3); ++i) text += fmt::format("{}\n", 10 * file + i);
    const std::string path = JoinPath(directory.path(), fmt::format("{}.csv", file));
    Write(path, text);
    inputs.push_back(
        Must(train::CsvInput({path}, {.columns = {{.name = "x", .dtype = tf::DataType::kInt32}}})));
  }
  const InputPtr all = Must(train::Interleave(inputs, {.cycle_length = 3, .block_length = 2}));
  Tensors values;
  values["in:lengths"] = tf::Tensor::FromVector<int32_t>({7, 4, 1, 7, 4});
  values["out:all"] = std::move(FirstBatch(all).features.at("x"));
  values["out:shard"] = std::move(
      FirstBatch(Must(train::ShardExamples(all, {.index = 1, .count = 2}))).features.at("x"));
  Print("interleave", values);
}

}  // namespace

void PrintInputs() {
  PrintImages();
  PrintExamples();
  PrintCsv();
  PrintInterleave();
}

}  // namespace trainyard::exact
