#include "train/inputs/idx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "base/files.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string SmallFile() {
  std::vector<uint8_t> values(2 * 3 * 2);
  std::iota(values.begin(), values.end(), uint8_t{250});
  return FormatIdx(tf::Tensor::FromValues<uint8_t>({2, 3, 2}, values));
}

TEST(IdxTest, ReadsBytes) {
  const std::string file("\0\0\x08\x02\0\0\0\x02\0\0\0\x03\x01\x02\x03\xfd\xfe\xff", 18);
  const Result<tf::Tensor> tensor = ParseIdx(file, "f");
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_THAT(tensor->shape(), ElementsAre(2, 3));
  EXPECT_THAT(std::as_const(*tensor).data<uint8_t>(), ElementsAre(1, 2, 3, 253, 254, 255));
}

TEST(IdxTest, ReadsBigEndianNumbers) {
  const std::string integers("\0\0\x0c\x01\0\0\0\x02\0\0\x01\x02\xff\xff\xff\xfe", 16);
  EXPECT_THAT(ParseIdx(integers, "f")->data<int32_t>(), ElementsAre(258, -2));
  const std::string floats("\0\0\x0d\x01\0\0\0\x01\xbf\xc0\0\0", 12);
  EXPECT_THAT(ParseIdx(floats, "f")->data<float>(), ElementsAre(-1.5f));
}

template <class T>
class IdxTypesTest : public ::testing::Test {};
using Types = ::testing::Types<uint8_t, int8_t, int16_t, int32_t, float, double>;
TYPED_TEST_SUITE(IdxTypesTest, Types);

TYPED_TEST(IdxTypesTest, WhatIsFormattedIsParsedBack) {
  const std::vector<TypeParam> values = {TypeParam(1), TypeParam(100), TypeParam(-3), TypeParam(0)};
  const auto tensor = tf::Tensor::FromValues<TypeParam>({2, 2}, values);
  const Result<tf::Tensor> parsed = ParseIdx(FormatIdx(tensor), "f");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_THAT(std::as_const(*parsed).data<TypeParam>(), ::testing::ElementsAreArray(values));
}

TEST(IdxTest, EveryTruncationIsRefusedInOneLine) {
  const std::string file = SmallFile();
  for (size_t length = 0; length < file.size(); ++length) {
    const Result<tf::Tensor> tensor = ParseIdx(file.substr(0, length), "digits.idx");
    ASSERT_FALSE(tensor.ok()) << length;
    EXPECT_EQ(tensor.error().code(), StatusCode::kDataLoss);
    EXPECT_THAT(tensor.error().message(), StartsWith("cannot read digits.idx: "));
    EXPECT_THAT(tensor.error().message(), HasSubstr("fetch the file again"));
    EXPECT_EQ(tensor.error().message().find('\n'), std::string::npos);
  }
  EXPECT_TRUE(ParseIdx(file, "digits.idx").ok());
}

TEST(IdxTest, EveryFlippedHeaderByteIsRefused) {
  const std::string file = SmallFile();
  for (size_t at = 0; at < 16; ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = file;
      damaged[at] = static_cast<char>(damaged[at] ^ 1 << bit);
      // uint8 turned into int8 is the one change that cannot be noticed.
      const bool unnoticeable = at == 2 && bit == 0;
      EXPECT_EQ(ParseIdx(damaged, "f").ok(), unnoticeable) << "byte " << at << ", bit " << bit;
    }
  }
}

TEST(IdxTest, NoBytesMakeItCrash) {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string bytes(random() % 40, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    if (bytes.size() >= 4 && i % 2 == 0) {
      bytes.replace(0, 3, std::string("\0\0\x08", 3));
      bytes[3] = static_cast<char>(random() % 10);
    }
    (void)ParseIdx(bytes, "f").ok();
  }
}

TEST(IdxTest, EachMistakeHasItsOwnMessage) {
  const struct {
    std::string bytes;
    std::string message;
  } table[] = {
      {"",
       "cannot read f: an IDX file begins with 4 bytes of magic number, this one has only 0 in"
       " all; fetch the file again"},
      {"\x1f\x8b\x08\x08rest",
       "cannot read f: an IDX file was expected, but it is gzip-compressed;"
       " unpack it with gunzip"},
      {"<!DOCTYPE html>",
       "cannot read f: the magic number 0x3c21444f is not that of an IDX file"
       " (0x00000803 for images, 0x00000801 for labels); is it the right file?"},
      {std::string("\0\0\x07\x01\0\0\0\x01\x01", 9),
       "cannot read f: the magic number 0x00000701 is not that of an IDX file (0x00000803 for"
       " images, 0x00000801 for labels); is it the right file?"},
      {std::string("\0\0\x08\x03\0\0\0\x02\0\0", 10),
       "cannot read f: it ends after 10 of 16 bytes of header; fetch the file again"},
      {std::string("\0\0\x08\x02\0\0\0\x02\0\0\0\0", 12),
       "cannot read f: its header says that size 2 of 2 is 0: there is no data in it"},
      {std::string("\0\0\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 17),
       "cannot read f: its header announces 4294967295x4294967295x4294967295 values of 1 byte, but"
       " only 1 bytes follow; fetch the file again"},
      {std::string("\0\0\x0c\x01\0\0\0\x02\0\0\0\x01\0\0\0", 15),
       "cannot read f: its header announces 2 values of 4 bytes, but only 7 bytes follow; fetch the"
       " file again"},
      {std::string("\0\0\x08\x01\0\0\0\x02\x01\x02\x03", 11),
       "cannot read f: its header announces 2 values (2 bytes), but 3 bytes follow; fetch the file"
       " again"},
  };
  for (const auto& row : table) {
    EXPECT_EQ(ParseIdx(row.bytes, "f").status().message(), row.message);
  }
}

class IdxFileTest : public ::testing::Test {
 protected:
  Result<tf::Tensor> Read(const std::string& content) {
    EXPECT_TRUE(WriteFileAtomically(path_, content).ok());
    return ReadIdx(path_);
  }
  TemporaryDirectory directory_;
  const std::string path_ = JoinPath(directory_.path(), "x.idx");
};

TEST_F(IdxFileTest, IsReadAsItsBytesAreParsed) {
  const auto floats = tf::Tensor::FromValues<float>({2, 1}, std::vector<float>{-1.5f, 3});
  const Result<tf::Tensor> read = Read(FormatIdx(floats));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(read->shape(), ElementsAre(2, 1));
  EXPECT_THAT(std::as_const(*read).data<float>(), ElementsAre(-1.5f, 3));
}

TEST_F(IdxFileTest, EveryTruncationIsRefusedWithTheSameMessageAsInMemory) {
  const std::string file = SmallFile();
  for (size_t length = 0; length < file.size(); ++length) {
    const std::string part = file.substr(0, length);
    EXPECT_EQ(Read(part).status(), ParseIdx(part, path_).status()) << length;
  }
  EXPECT_EQ(Read(file + "x").status(), ParseIdx(file + "x", path_).status());
  EXPECT_TRUE(Read(file).ok());
}

TEST_F(IdxFileTest, MissingFilesAndDirectoriesAreNamed) {
  EXPECT_EQ(ReadIdx(path_).status().code(), StatusCode::kNotFound);
  EXPECT_THAT(ReadIdx(path_).status().message(), HasSubstr(path_));
  EXPECT_EQ(ReadIdx(directory_.path()).status().message(),
            "cannot read " + directory_.path() + ": it is no file");
}

}  // namespace
}  // namespace trainyard::train
