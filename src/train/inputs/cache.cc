#include "train/inputs/cache.h"

#include <mutex>
#include <vector>

#include "train/inputs/position.h"
#include "train/inputs/row_iterator.h"

namespace trainyard::train {
namespace {

constexpr const char* kKind = "cache";

// What one whole pass has given, once there has been one. Thread-safe.
class Store {
 public:
  using Elements = std::shared_ptr<const std::vector<Row>>;
  // Null if there is none yet. `salt` becomes that of the pass.
  Elements Get(uint64_t* salt) const {
    const std::lock_guard lock(mutex_);
    if (elements_ != nullptr) *salt = salt_;
    return elements_;
  }
  void Put(const Elements& elements, uint64_t salt) {
    const std::lock_guard lock(mutex_);
    if (elements_ != nullptr) return;
    elements_ = elements;
    salt_ = salt;
  }

 private:
  mutable std::mutex mutex_;
  Elements elements_;
  uint64_t salt_ = 0;
};

class CacheIterator : public RowIterator {
 public:
  CacheIterator(const Input& source, Store* store, uint64_t salt)
      : source_(source), store_(store), salt_(salt) {
    whole_ = store_->Get(&salt_);
  }

  Result<std::optional<Row>> NextRow() override {
    RETURN_IF_ERROR(FillTo(next_ + 1));
    const std::vector<Row>& elements = whole_ != nullptr ? *whole_ : filling_;
    if (next_ >= elements.size()) return std::optional<Row>();
    return std::optional<Row>(elements[next_++]);
  }

  std::string Save() const override {
    return PositionWriter(kKind).Number(salt_).Number(next_).str();
  }
  Status Restore(const std::string& bytes) override {
    if (bytes.empty()) return OkStatus();
    PositionReader position(kKind, bytes);
    const uint64_t salt = position.Number();
    const uint64_t next = position.Number();
    RETURN_IF_ERROR(position.End());
    if (salt != salt_) {  // another order than what is in memory, perhaps
      source_iterator_ = nullptr;
      filling_.clear();
      uint64_t stored_salt = salt;
      const Store::Elements stored = store_->Get(&stored_salt);
      whole_ = stored_salt == salt ? stored : nullptr;
      salt_ = salt;
    }
    RETURN_IF_ERROR(FillTo(next));
    if (next > (whole_ != nullptr ? *whole_ : filling_).size()) {
      return InvalidArgumentError("the position lies beyond the end of the data");
    }
    next_ = next;
    return OkStatus();
  }

 private:
  // Sees to it that `count` elements are in memory, or all.
  Status FillTo(uint64_t count) {
    if (whole_ != nullptr) return OkStatus();
    if (source_iterator_ == nullptr) {
      ASSIGN_OR_RETURN(source_iterator_, source_.MakePass({.number = 0, .salt = salt_}));
    }
    while (filling_.size() < count) {
      ASSIGN_OR_RETURN(std::optional<Row> element, source_iterator_->NextRow());
      if (!element.has_value()) {
        whole_ = std::make_shared<const std::vector<Row>>(InBlocks(std::move(filling_)));
        filling_.clear();
        store_->Put(whole_, salt_);
        return OkStatus();
      }
      filling_.push_back(std::move(*element));
    }
    return OkStatus();
  }

  const Input& source_;
  Store* const store_;
  uint64_t salt_;  // of the pass that fills the memory
  std::unique_ptr<BatchIterator> source_iterator_;
  std::vector<Row> filling_;
  Store::Elements whole_;
  uint64_t next_ = 0;
};

class CacheInput : public PassInput {
 public:
  explicit CacheInput(InputPtr source) : source_(std::move(source)) {}
  const InputSpec& spec() const override { return source_->spec(); }
  Result<std::unique_ptr<BatchIterator>> MakePass(const Pass& pass) const override {
    return std::unique_ptr<BatchIterator>(
        std::make_unique<CacheIterator>(*source_, store_.get(), pass.salt));
  }

 private:
  const InputPtr source_;
  const std::unique_ptr<Store> store_ = std::make_unique<Store>();
};

}  // namespace

InputPtr Cache(InputPtr source) { return std::make_shared<CacheInput>(std::move(source)); }

}  // namespace trainyard::train
