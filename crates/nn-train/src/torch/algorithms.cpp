// Which of libtorch's algorithms are taken. The C half of algorithms.rs.

#include <ATen/Context.h>

#include <cstdint>

extern "C" {

// Takes those that give the same bits each time, where there are such, or whatever is fastest again.
int32_t nasbot_set_deterministic(bool wanted) noexcept {
  try {
    at::Context& context = at::globalContext();
    // Where there is no such algorithm, a warning goes to the log.
    context.setDeterministicAlgorithms(wanted, /*warn_only=*/true);
    context.setDeterministicFillUninitializedMemory(false);
    context.setDeterministicCuDNN(wanted);
    return 0;
  } catch (...) {
    return -1;
  }
}

bool nasbot_is_deterministic() noexcept {
  return at::globalContext().deterministicAlgorithms();
}

} // extern "C"
