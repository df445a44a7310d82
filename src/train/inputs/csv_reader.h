// Rows of a CSV file, as RFC 4180 has them.
#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace trainyard::train {

// One field and where it begins.
struct CsvField {
  std::string text;  // without quotes
  int64_t line = 1;
  int64_t column = 1;  // in bytes, from 1
};

// Fields are separated by the delimiter, rows end with LF or CRLF (the last may lack it). A field
// in quotes may hold delimiters, line ends and doubled quotes. Empty lines, and the byte order mark
// that some programs put in front, are passed over. A quote inside a field without quotes stands
// for itself, as in Python's csv module.
//
// Thread-compatible. Memory: a buffer and one row.
class CsvReader {
 public:
  // A place between rows.
  struct Place {
    uint64_t offset = 0;
    int64_t line = 1;
  };

  // The system's reason if the file cannot be opened.
  static Result<std::unique_ptr<CsvReader>> Open(const std::string& path, char delimiter,
                                                 Place start);
  // Fills `fields` with the next row; false at the end. DataLoss with file:line:column for text
  // behind a closing quote and for a quote that is not closed; the next call then goes on with the
  // following line.
  Result<bool> Next(std::vector<CsvField>* fields);
  // Where the next row begins.
  Place place() const { return place_; }

 private:
  CsvReader(std::string path, char delimiter, Place start)
      : path_(std::move(path)), delimiter_(delimiter), place_(start), buffer_(1 << 18) {}

  int Get();   // the next byte, or -1
  int Peek();  // the same without taking it
  Status ReadQuoted(CsvField* field);
  void ReadPlain(CsvField* field);
  void SkipLine();

  const std::string path_;
  const char delimiter_;
  Place place_;
  std::vector<char> buffer_;
  std::filebuf file_;
  int64_t column_ = 1;
};

}  // namespace trainyard::train
