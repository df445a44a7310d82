#include "train/inputs/idx.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace trainyard::train {
namespace {

struct IdxType {
  unsigned char code;
  tf::DataType dtype;
};
constexpr std::array<IdxType, 6> kTypes = {{{0x08, tf::DataType::kUint8},
                                            {0x09, tf::DataType::kInt8},
                                            {0x0B, tf::DataType::kInt16},
                                            {0x0C, tf::DataType::kInt32},
                                            {0x0D, tf::DataType::kFloat},
                                            {0x0E, tf::DataType::kDouble}}};

constexpr size_t kMagicBytes = 4;
constexpr size_t kSizeBytes = 4;
constexpr size_t kMaxRank = 8;
constexpr size_t kMaxHeaderBytes = kMagicBytes + kMaxRank * kSizeBytes;

unsigned char ByteAt(std::string_view bytes, size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

uint32_t BigEndian32(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | ByteAt(bytes, at + i);
  return value;
}

std::string Sizes(const tf::Shape& shape) {
  std::string text;
  for (const int64_t size : shape) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

// All failures: what was attempted, on what, then the reason with its remedy.
template <class... Args>
Status Malformed(const std::string& path, fmt::format_string<Args...> reason, Args&&... args) {
  return DataLossError("cannot read {}: {}", path,
                       fmt::format(reason, std::forward<Args>(args)...));
}

struct Header {
  tf::DataType dtype;
  tf::Shape shape;
  size_t num_bytes;  // where the values begin
};

Result<Header> ParseMagic(std::string_view bytes, const std::string& path) {
  if (bytes.size() < kMagicBytes) {
    return Malformed(path,
                     "an IDX file begins with 4 bytes of magic number, this one has only {}"
                     " in all; fetch the file again",
                     bytes.size());
  }
  if (ByteAt(bytes, 0) == 0x1f && ByteAt(bytes, 1) == 0x8b) {
    return Malformed(path,
                     "an IDX file was expected, but it is gzip-compressed; unpack it with"
                     " gunzip");
  }
  const uint32_t magic = BigEndian32(bytes, 0);
  const auto* type = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const IdxType& t) { return t.code == (magic >> 8 & 0xff); });
  const size_t rank = magic & 0xff;
  if (magic >> 16 != 0 || type == kTypes.end() || rank == 0 || rank > kMaxRank) {
    return Malformed(path,
                     "the magic number 0x{:08x} is not that of an IDX file (0x00000803 for"
                     " images, 0x00000801 for labels); is it the right file?",
                     magic);
  }
  return Header{type->dtype, tf::Shape(rank), kMagicBytes + rank * kSizeBytes};
}

// `bytes` is the beginning of a file of `file_bytes`, all of it or at least kMaxHeaderBytes.
Result<Header> ParseHeader(std::string_view bytes, size_t file_bytes, const std::string& path) {
  ASSIGN_OR_RETURN(Header header, ParseMagic(bytes, path));
  if (bytes.size() < header.num_bytes) {
    return Malformed(path, "it ends after {} of {} bytes of header; fetch the file again",
                     bytes.size(), header.num_bytes);
  }
  // Sizes come from the file: compare with what is there before anything is multiplied or reserved.
  const size_t element = tf::DataTypeSize(header.dtype);
  const size_t present = file_bytes - header.num_bytes;
  size_t values = 1;
  bool fits = true;
  for (size_t i = 0; i < header.shape.size(); ++i) {
    const size_t size = BigEndian32(bytes, kMagicBytes + i * kSizeBytes);
    header.shape[i] = static_cast<int64_t>(size);
    if (size == 0) {
      return Malformed(path, "its header says that size {} of {} is 0: there is no data in it",
                       i + 1, header.shape.size());
    }
    // The values so far fit into the file, so the product of two such numbers cannot overflow.
    fits = fits && size <= present / element / values;
    if (fits) values *= size;
  }
  if (!fits) {
    return Malformed(path,
                     "its header announces {} values of {} byte{}, but only {} bytes follow;"
                     " fetch the file again",
                     Sizes(header.shape), element, element == 1 ? "" : "s", present);
  }
  if (values * element != present) {
    return Malformed(path,
                     "its header announces {} values ({} bytes), but {} bytes follow; fetch"
                     " the file again",
                     Sizes(header.shape), values * element, present);
  }
  return header;
}

// Between big-endian and this machine's little-endian order.
void SwapBytes(char* data, size_t num_bytes, size_t element) {
  if (element == 1) return;
  for (char* at = data; at < data + num_bytes; at += element) std::reverse(at, at + element);
}

}  // namespace

Result<tf::Tensor> ParseIdx(std::string_view bytes, const std::string& path) {
  ASSIGN_OR_RETURN(const Header header, ParseHeader(bytes, bytes.size(), path));
  tf::Tensor tensor = tf::Tensor::Allocate(header.dtype, header.shape);
  const std::string_view values = bytes.substr(header.num_bytes);
  CHECK(values.size() == tensor.num_bytes());
  std::memcpy(tensor.raw(), values.data(), values.size());
  SwapBytes(static_cast<char*>(tensor.raw()), values.size(), tf::DataTypeSize(header.dtype));
  return tensor;
}

// Reads the values straight into the tensor: the images of MNIST are 47 MB, and a program starts
// with them.
Result<tf::Tensor> ReadIdx(const std::string& path) {
  const std::unique_ptr<FILE, decltype(&std::fclose)> file(std::fopen(path.c_str(), "rb"),
                                                           &std::fclose);
  if (file == nullptr) return ErrnoError(errno, "cannot read {}", path);
  struct stat info{};
  if (::fstat(::fileno(file.get()), &info) != 0) return ErrnoError(errno, "cannot read {}", path);
  if (!S_ISREG(info.st_mode)) return InvalidArgumentError("cannot read {}: it is no file", path);
  std::string start(kMaxHeaderBytes, '\0');
  start.resize(std::fread(start.data(), 1, start.size(), file.get()));
  ASSIGN_OR_RETURN(const Header header,
                   ParseHeader(start, static_cast<size_t>(info.st_size), path));
  tf::Tensor tensor = tf::Tensor::Allocate(header.dtype, header.shape);
  auto* values = static_cast<char*>(tensor.raw());
  if (std::fseek(file.get(), static_cast<long>(header.num_bytes), SEEK_SET) != 0 ||
      std::fread(values, 1, tensor.num_bytes(), file.get()) != tensor.num_bytes()) {
    return DataLossError("cannot read {}: it became shorter while it was read", path);
  }
  SwapBytes(values, tensor.num_bytes(), tf::DataTypeSize(header.dtype));
  return tensor;
}

std::string FormatIdx(const tf::Tensor& tensor) {
  const auto* type = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const IdxType& t) { return t.dtype == tensor.dtype(); });
  CHECK(type != kTypes.end());
  const tf::Shape shape = tensor.shape();
  CHECK(!shape.empty() && shape.size() <= kMaxRank);
  std::string bytes = {0, 0, static_cast<char>(type->code), static_cast<char>(shape.size())};
  for (const int64_t size : shape) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<char>(static_cast<uint64_t>(size) >> shift & 0xff));
    }
  }
  const size_t header = bytes.size();
  bytes.append(static_cast<const char*>(tensor.raw()), tensor.num_bytes());
  SwapBytes(bytes.data() + header, tensor.num_bytes(), tf::DataTypeSize(tensor.dtype()));
  return bytes;
}

}  // namespace trainyard::train
