// What libtorch's allocators hold: counted on the processor, asked of the device elsewhere. The C half of allocator.rs.

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace {

// Hands everything on to the allocator that was there before, and counts. What had been allocated by then is not known.
class Counting final : public c10::Allocator {
 public:
  explicit Counting(c10::Allocator* base) : base_(base) {}

  c10::DataPtr allocate(size_t bytes) override {
    const std::lock_guard<std::mutex> guard(mutex_);
    TORCH_CHECK(
        limit_ == 0 || held_ + bytes <= limit_,
        "not enough memory: ", held_, " bytes are held, ", bytes, " more are beyond the limit of ", limit_);
    c10::DataPtr inner = base_->allocate(bytes);
    void* place = inner.release_context();
    if (place != nullptr) {
      sizes_[place] = bytes;
      held_ += bytes;
      most_ = std::max(most_, held_);
    }
    return {place, place, &drop, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &drop; }

  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }

  void forget_most() {
    const std::lock_guard<std::mutex> guard(mutex_);
    most_ = held_;
  }

  void limit(uint64_t bytes) {
    const std::lock_guard<std::mutex> guard(mutex_);
    limit_ = bytes;
  }

  void tell(uint64_t* held, uint64_t* most) {
    const std::lock_guard<std::mutex> guard(mutex_);
    *held = held_;
    *most = most_;
  }

  static Counting* the_one;

 private:
  static void drop(void* place) {
    Counting* self = the_one;
    {
      const std::lock_guard<std::mutex> guard(self->mutex_);
      const auto found = self->sizes_.find(place);
      if (found != self->sizes_.end()) {
        self->held_ -= found->second;
        self->sizes_.erase(found);
      }
    }
    self->base_->raw_deallocate(place);
  }

  c10::Allocator* base_;
  std::mutex mutex_;
  std::unordered_map<void*, size_t> sizes_;
  uint64_t held_ = 0;
  uint64_t most_ = 0;
  uint64_t limit_ = 0;
};

Counting* Counting::the_one = nullptr;

// Errors do not cross into another language.
template <typename F>
int32_t guarded(F&& f) noexcept {
  try {
    f();
    return 0;
  } catch (...) {
    return -1;
  }
}

} // namespace

extern "C" {

// Counts from the first call on; refuses what would be more than so many bytes, 0 for no limit.
int32_t nasbot_count(uint64_t limit) noexcept {
  return guarded([&] {
    static std::once_flag once;
    std::call_once(once, [] {
      Counting::the_one = new Counting(c10::GetCPUAllocator());
      c10::SetCPUAllocator(Counting::the_one, 1);
    });
    Counting::the_one->limit(limit);
  });
}

// Bytes held now and at the most.
int32_t nasbot_counted(uint64_t* held, uint64_t* most) noexcept {
  return guarded([&] {
    TORCH_CHECK(Counting::the_one != nullptr);
    Counting::the_one->tell(held, most);
  });
}

// Counts the most anew.
int32_t nasbot_forget_most() noexcept {
  return guarded([&] {
    TORCH_CHECK(Counting::the_one != nullptr);
    Counting::the_one->forget_most();
  });
}

// Free and all memory of a CUDA device, bytes.
int32_t nasbot_cuda_memory(int8_t device, uint64_t* free, uint64_t* all) noexcept {
  return guarded([&] {
    const auto found = c10::getDeviceAllocator(c10::DeviceType::CUDA)->getMemoryInfo(device);
    *free = found.first;
    *all = found.second;
  });
}

// What this process holds of a CUDA device now, at the most since the last call of this, and keeps in reserve, bytes.
int32_t nasbot_cuda_held(int8_t device, uint64_t* held, uint64_t* most, uint64_t* reserved) noexcept {
  return guarded([&] {
    auto* allocator = c10::getDeviceAllocator(c10::DeviceType::CUDA);
    const auto stats = allocator->getDeviceStats(device);
    *held = static_cast<uint64_t>(stats.allocated_bytes[0].current);
    *most = static_cast<uint64_t>(stats.allocated_bytes[0].peak);
    *reserved = static_cast<uint64_t>(stats.reserved_bytes[0].current);
    allocator->resetPeakStats(device);
  });
}

// Gives what is kept in reserve of CUDA devices back.
int32_t nasbot_cuda_give_back() noexcept {
  return guarded([&] { c10::getDeviceAllocator(c10::DeviceType::CUDA)->emptyCache(); });
}
}
