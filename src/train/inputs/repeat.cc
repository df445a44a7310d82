#include "train/inputs/repeat.h"

#include "train/inputs/position.h"
#include "train/inputs/row_iterator.h"

namespace trainyard::train {
namespace {

constexpr const char* kKind = "repeat";

class RepeatIterator : public RowIterator {
 public:
  RepeatIterator(const Input& source, std::optional<uint64_t> count, const Pass& pass)
      : source_(source), count_(count), pass_of_all_(pass) {}

  Result<std::optional<Row>> NextRow() override {
    while (!count_.has_value() || epoch_ < *count_) {
      const bool is_new = pass_ == nullptr;
      if (is_new) {
        ASSIGN_OR_RETURN(pass_, source_.MakePass(PassOf(epoch_)));
      }
      ASSIGN_OR_RETURN(std::optional<Row> next, pass_->NextRow());
      if (next.has_value()) return next;
      if (is_new && !count_.has_value()) break;  // an empty source would repeat for ever
      pass_ = nullptr;
      ++epoch_;
    }
    return std::optional<Row>();
  }

  std::string Save() const override {
    PositionWriter position(kKind);
    position.Number(pass_of_all_.salt).Number(epoch_).Number(pass_ != nullptr ? 1 : 0);
    return position.Bytes(pass_ != nullptr ? pass_->Save() : "").str();
  }

  Status Restore(const std::string& bytes) override {
    if (bytes.empty()) return OkStatus();
    PositionReader position(kKind, bytes);
    pass_of_all_.salt = position.Number();
    epoch_ = position.Number();
    const bool in_pass = position.Number() != 0;
    const std::string inner = position.Bytes();
    RETURN_IF_ERROR(position.End());
    pass_ = nullptr;
    if (!in_pass) return OkStatus();
    ASSIGN_OR_RETURN(pass_, source_.MakePass(PassOf(epoch_)));
    return pass_->Restore(inner);
  }

 private:
  // Passes are numbered on where this repetition is repeated itself.
  Pass PassOf(uint64_t epoch) const {
    return {.number = pass_of_all_.number * count_.value_or(0) + epoch, .salt = pass_of_all_.salt};
  }

  const Input& source_;
  const std::optional<uint64_t> count_;
  Pass pass_of_all_;
  uint64_t epoch_ = 0;
  std::unique_ptr<BatchIterator> pass_;
};

class RepeatInput : public PassInput {
 public:
  RepeatInput(InputPtr source, std::optional<uint64_t> count)
      : source_(std::move(source)), count_(count) {}
  const InputSpec& spec() const override { return source_->spec(); }
  Result<std::unique_ptr<BatchIterator>> MakePass(const Pass& pass) const override {
    return std::unique_ptr<BatchIterator>(std::make_unique<RepeatIterator>(*source_, count_, pass));
  }

 private:
  const InputPtr source_;
  const std::optional<uint64_t> count_;
};

}  // namespace

Result<InputPtr> Repeat(InputPtr source, std::optional<int64_t> count) {
  if (count.has_value() && *count < 1) {
    return InvalidArgumentError("Repeat: count is {}: it must be at least 1", *count);
  }
  std::optional<uint64_t> passes;
  if (count.has_value()) passes = static_cast<uint64_t>(*count);
  return InputPtr(std::make_shared<RepeatInput>(std::move(source), passes));
}

}  // namespace trainyard::train
