// TensorFlow's own reader of TFRecord files (the class behind tf.data.TFRecordDataset, with the
// buffer that it uses there), measured as read_records measures ours. Built by run.py against the
// headers and libraries of Python's TensorFlow.
#include <chrono>
#include <cstdio>
#include <memory>

#include "tensorflow/core/lib/io/record_reader.h"
#include "tensorflow/core/platform/env.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto start = std::chrono::steady_clock::now();
  std::unique_ptr<tensorflow::RandomAccessFile> file;
  if (!tensorflow::Env::Default()->NewRandomAccessFile(argv[1], &file).ok()) return 2;
  tensorflow::io::RecordReaderOptions options;
  options.buffer_size = 256 << 10;  // TFRecordDataset's default
  tensorflow::io::SequentialRecordReader reader(file.get(), options);
  tensorflow::tstring record;
  long count = 0;
  unsigned long bytes = 0;
  while (reader.ReadRecord(&record).ok()) {
    ++count;
    bytes += record.size();
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("{\"records\": %ld, \"bytes\": %lu, \"seconds\": %.6f}\n", count, bytes,
              seconds.count());
  return 0;
}
