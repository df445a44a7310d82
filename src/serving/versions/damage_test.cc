// Models whose files are damaged, byte by byte: an error or the right answer, never a crash or a
// hang. Every bit with TRAINYARD_DAMAGE=all (e2e.damaged_models), some of them else.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/files.h"
#include "base/sha256.h"
#include "serving/inference/predict.h"
#include "serving/models/warm_up.h"
#include "serving/testing/test_models.h"
#include "serving/versions/checksums.h"

namespace trainyard::serving {
namespace {

namespace api = ::tensorflow::serving;

constexpr char kGraph[] = "saved_model.pb";
constexpr char kIndex[] = "variables/variables.index";
constexpr char kData[] = "variables/variables.data-00000-of-00001";
constexpr bool kSync = false;

// The model's answer to x = 10, loaded and asked as the server does it.
Result<float> AnswerOf(const std::string& directory) {
  ASSIGN_OR_RETURN(const auto servable,
                   Servable::Load({"line", 1}, directory, {.intra_op_threads = 1}, {"serve"}, {}));
  PrepareSignatures(*servable);
  api::PredictRequest request;
  request.mutable_model_spec()->set_name("line");
  ::tensorflow::TensorProto& x = (*request.mutable_inputs())["x"];
  x.set_dtype(::tensorflow::DT_FLOAT);
  x.mutable_tensor_shape()->add_dim()->set_size(1);
  x.add_float_val(10);
  api::PredictResponse response;
  RETURN_IF_ERROR(Predict(*servable, TensorEncoding::kTypedFields, MethodNames::kIgnored, request,
                          {}, &response));
  const auto y = response.outputs().find("y");
  if (y == response.outputs().end() || y->second.float_val_size() != 1) {
    return InternalError("no y");
  }
  return y->second.float_val(0);
}

class DamageTest : public ::testing::Test {
 protected:
  std::string PathOf(const std::string& file) const { return JoinPath(directory_, file); }

  void Write(const std::string& file, std::string_view content) const {
    ASSERT_TRUE(WriteFileAtomically(PathOf(file), content, kSync).ok());
  }

  // Calls visit(what) for the file with one byte changed or its end cut off, at about so many
  // places, then puts it back.
  template <class Visit>
  void Damage(const std::string& file, size_t places, const Visit& visit) const {
    const bool everywhere = std::getenv("TRAINYARD_DAMAGE") != nullptr;
    const std::string whole = ReadFile(PathOf(file)).value();
    const size_t step = everywhere ? 1 : 1 + whole.size() / places;
    for (size_t at = 0; at < whole.size(); at += step) {
      for (int bit = 0; bit < 8; bit += everywhere ? 1 : 3) {
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
        Write(file, changed);
        visit(fmt::format("{}, byte {} of {} changed by {}", file, at, whole.size(), 1 << bit));
      }
      Write(file, whole.substr(0, at));
      visit(fmt::format("{}, cut off after {} bytes of {}", file, at, whole.size()));
    }
    Write(file, whole);
  }

  TemporaryDirectory dir_;
  const std::string directory_ = WriteLineModel(dir_.path(), 1, 0.5f);
  const float right_ = 7;
};

TEST_F(DamageTest, ChecksumsFindEveryChangedByte) {
  std::string sums;
  for (const char* file : {kGraph, kIndex, kData}) {
    sums += fmt::format("{}  {}\n", Sha256Of(ReadFile(PathOf(file)).value()), file);
  }
  Write(kChecksumFile, sums);
  ASSERT_TRUE(VerifyChecksums(directory_).ok());
  for (const char* file : {kGraph, kIndex, kData}) {
    Damage(file, 300, [&](const std::string& what) {
      EXPECT_EQ(VerifyChecksums(directory_).code(), StatusCode::kDataLoss) << what;
    });
  }
  // Damage of the checksums themselves is an error too, or takes away some of them.
  Damage(kChecksumFile, 100, [&](const std::string& what) {
    if (what.find("cut off") != what.npos) return;
    EXPECT_FALSE(VerifyChecksums(directory_).ok()) << what;
  });
  EXPECT_TRUE(VerifyChecksums(directory_).ok());
}

TEST_F(DamageTest, VariablesAreReadAsTheyWereWrittenOrNotAtAll) {
  for (const char* file : {kIndex, kData}) {
    Damage(file, 40, [&](const std::string& what) {
      EXPECT_EQ(AnswerOf(directory_).value_or(right_), right_) << what;
    });
  }
  EXPECT_EQ(AnswerOf(directory_).value(), right_);
}

// The graph has no checksum of its own: another number may be the answer of another graph.
TEST_F(DamageTest, ADamagedGraphIsRefusedOrRuns) {
  Damage(kGraph, 60, [&](const std::string& what) {
    SCOPED_TRACE(what);
    static_cast<void>(AnswerOf(directory_));
  });
  EXPECT_EQ(AnswerOf(directory_).value(), right_);
}

}  // namespace
}  // namespace trainyard::serving
