#include "serving/versions/checksums.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/sha256.h"

namespace trainyard::serving {
namespace {

using ::testing::HasSubstr;

const std::string kDigest(64, 'a');

TEST(ParseChecksumsTest, ReadsWhatSha256sumWrites) {
  EXPECT_EQ(ParseChecksums(kDigest + "  saved_model.pb\n" + kDigest + " *assets/a b.txt").value(),
            (std::vector<FileChecksum>{{"saved_model.pb", kDigest}, {"assets/a b.txt", kDigest}}));
  EXPECT_TRUE(ParseChecksums("").value().empty());
}

TEST(ParseChecksumsTest, RefusesOtherLines) {
  for (const std::string& text :
       {std::string("saved_model.pb"), kDigest, kDigest + "  ", kDigest + " saved_model.pb",
        "A" + kDigest.substr(1) + "  f", "\\" + kDigest + "  f"}) {
    EXPECT_THAT(ParseChecksums(text).status().message(), HasSubstr("line 1 is not as")) << text;
  }
  for (const char* path : {"/etc/passwd", "../f", "a/../../f", ".."}) {
    EXPECT_THAT(ParseChecksums(kDigest + "  " + path).status().message(),
                HasSubstr("outside the model's directory"));
  }
}

TEST(VerifyChecksumsTest, FindsAChangedByteAndAMissingFile) {
  TemporaryDirectory dir;
  const std::string sums = JoinPath(dir.path(), kChecksumFile);
  const std::string model = JoinPath(dir.path(), "saved_model.pb");
  EXPECT_TRUE(VerifyChecksums(dir.path()).ok());  // nothing to compare with
  ASSERT_TRUE(WriteFileAtomically(sums, Sha256Of("model") + "  saved_model.pb\n").ok());
  EXPECT_EQ(VerifyChecksums(dir.path()).code(), StatusCode::kNotFound);
  ASSERT_TRUE(WriteFileAtomically(model, "model").ok());
  EXPECT_TRUE(VerifyChecksums(dir.path()).ok());
  ASSERT_TRUE(WriteFileAtomically(model, "moDel").ok());
  const Status damaged = VerifyChecksums(dir.path());
  EXPECT_EQ(damaged.code(), StatusCode::kDataLoss);
  EXPECT_EQ(damaged.message(), model + " is damaged: it does not match its checksum in SHA256SUMS");
}

}  // namespace
}  // namespace trainyard::serving
