#include "train/inputs/csv_reader.h"

#include <cerrno>

#include "base/files.h"

namespace trainyard::train {
namespace {

constexpr int kEnd = -1;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

Result<std::unique_ptr<CsvReader>> CsvReader::Open(const std::string& path, char delimiter,
                                                   Place start) {
  std::unique_ptr<CsvReader> reader(new CsvReader(path, delimiter, start));
  if (IsDirectory(path)) return InvalidArgumentError("cannot read {}: it is a directory", path);
  reader->file_.pubsetbuf(reader->buffer_.data(),
                          static_cast<std::streamsize>(reader->buffer_.size()));
  errno = 0;
  if (reader->file_.open(path, std::ios::in | std::ios::binary) == nullptr) {
    return ErrnoError(errno, "cannot open {}", path);
  }
  if (start.offset > 0) {
    reader->file_.pubseekpos(static_cast<std::streamoff>(start.offset), std::ios::in);
    return reader;
  }
  for (const char c : kByteOrderMark) {
    if (reader->Peek() != static_cast<unsigned char>(c)) break;
    reader->Get();
  }
  reader->column_ = 1;
  return reader;
}

int CsvReader::Get() {
  const int c = file_.sbumpc();
  if (c == std::filebuf::traits_type::eof()) return kEnd;
  ++place_.offset;
  ++column_;
  if (c == '\n') {
    ++place_.line;
    column_ = 1;
  }
  return c;
}

int CsvReader::Peek() {
  const int c = file_.sgetc();
  return c == std::filebuf::traits_type::eof() ? kEnd : c;
}

Result<bool> CsvReader::Next(std::vector<CsvField>* fields) {
  fields->clear();
  while (Peek() == '\n' || Peek() == '\r') Get();
  if (Peek() == kEnd) return false;
  while (true) {
    CsvField field{.text = {}, .line = place_.line, .column = column_};
    if (Peek() == '"') {
      RETURN_IF_ERROR(ReadQuoted(&field));
    } else {
      ReadPlain(&field);
    }
    fields->push_back(std::move(field));
    if (Peek() == delimiter_) {
      Get();
      continue;
    }
    if (Peek() == '\r') Get();
    if (Peek() == '\n') Get();
    return true;
  }
}

// Up to a delimiter, a line end or the end; a CR that no LF follows belongs to the text.
void CsvReader::ReadPlain(CsvField* field) {
  while (true) {
    const int c = Peek();
    if (c == kEnd || c == '\n' || c == delimiter_) break;
    field->text.push_back(static_cast<char>(Get()));
  }
  const bool at_line_end = Peek() == '\n' || Peek() == kEnd;
  if (at_line_end && field->text.ends_with('\r')) field->text.pop_back();
}

Status CsvReader::ReadQuoted(CsvField* field) {
  Get();
  while (true) {
    const int c = Get();
    if (c == kEnd) {
      return DataLossError("{}:{}:{}: a quote is not closed", path_, field->line, field->column);
    }
    if (c != '"') {
      field->text.push_back(static_cast<char>(c));
    } else if (Peek() == '"') {
      field->text.push_back(static_cast<char>(Get()));
    } else {
      break;
    }
  }
  const int c = Peek();
  if (c == kEnd || c == '\n' || c == '\r' || c == delimiter_) return OkStatus();
  const Status status =
      DataLossError("{}:{}:{}: text behind a closing quote", path_, place_.line, column_);
  SkipLine();
  return status;
}

void CsvReader::SkipLine() {
  int c = Get();
  while (c != '\n' && c != kEnd) c = Get();
}

}  // namespace trainyard::train
