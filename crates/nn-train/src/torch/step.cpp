// An optimiser's step in as few launches as libtorch has it, and a count of what is launched. The C half of fused.rs and launches.rs.

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <ATen/record_function.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

// The parts of a vector that decay and that do not.
std::vector<at::Tensor> parts(const at::Tensor& vector, int64_t decaying) {
  return {vector.narrow(0, 0, decaying), vector.narrow(0, decaying, vector.size(0) - decaying)};
}

// Calls `step` for the vectors as they are if nothing decays, else for both parts, of which the first one decays. 0 when all is done,
// -1 if nothing is, 1 if something is.
template <typename F>
int32_t for_parts(std::vector<at::Tensor> vectors, int64_t decaying, double decay, F&& step) noexcept {
  int32_t failed = -1;
  try {
    const at::NoGradGuard guard;
    if (decay <= 0.0 || decaying == 0) {
      step(vectors, 0.0);
      return 0;
    }
    std::vector<at::Tensor> first;
    std::vector<at::Tensor> second;
    for (const auto& vector : vectors) {
      const auto both = parts(vector, decaying);
      first.push_back(both[0]);
      second.push_back(both[1]);
    }
    step(first, decay);
    failed = 1;
    if (second[0].size(0) > 0) {
      step(second, 0.0);
    }
    return 0;
  } catch (...) {
    return failed;
  }
}

// Functions that launch nothing: they look at memory in another way, or allocate some.
bool is_silent(const char* name) {
  static const char* const kNames[] = {
      "aten::view",       "aten::as_strided",    "aten::narrow",        "aten::slice",  "aten::t",
      "aten::transpose",  "aten::permute",       "aten::expand",        "aten::detach", "aten::detach_",
      "aten::empty",      "aten::empty_strided", "aten::empty_like",    "aten::alias",  "aten::unsqueeze",
      "aten::squeeze",    "aten::reshape",       "aten::_reshape_alias", "aten::resize_", "aten::is_same_size",
      "aten::result_type", "aten::select",       "aten::set_",          "aten::flatten", "aten::item",
      "aten::numpy_T",    "aten::expand_as",     "aten::new_empty",     "aten::new_empty_strided", "aten::lift_fresh",
      "aten::to",         "aten::resolve_conj",  "aten::as_strided_"};
  for (const char* known : kNames) {
    if (std::strcmp(known, name) == 0) {
      return true;
    }
  }
  return false;
}

struct Call : at::ObserverContext {
  // On a card it is one launch, whatever it calls here.
  bool is_whole = false;
  bool is_inside = false;
  bool calls_others = false;
  bool is_counted = false;
  Call* caller = nullptr;
};

std::atomic<uint64_t> launched{0};
thread_local Call* current = nullptr;

std::unique_ptr<at::ObserverContext> begins(const at::RecordFunction& function) {
  auto call = std::make_unique<Call>();
  const char* name = function.name();
  call->is_whole = std::strncmp(name, "aten::_foreach_", 15) == 0 || std::strncmp(name, "aten::_fused_", 13) == 0;
  call->is_inside = current != nullptr && (current->is_whole || current->is_inside);
  call->is_counted = std::strncmp(name, "aten::", 6) == 0 && !is_silent(name) && !call->is_inside;
  call->caller = current;
  if (call->is_counted && current != nullptr) {
    current->calls_others = true;
  }
  current = call.get();
  return call;
}

void ends(const at::RecordFunction&, at::ObserverContext* context) {
  auto* call = static_cast<Call*>(context);
  if (call->is_counted && (call->is_whole || !call->calls_others)) {
    launched.fetch_add(1);
  }
  // What does not count hands on that it called something.
  if (!call->is_counted && call->calls_others && call->caller != nullptr) {
    call->caller->calls_others = true;
  }
  current = call->caller;
}

at::CallbackHandle counting = at::INVALID_CALLBACK_HANDLE;

} // namespace

extern "C" {

// Copies the gradients of n leaves into vectors, of which `views` are the places, and takes them from the leaves. 0 when all is done, -1
// if nothing is, as where a leaf has no gradient; 1 if something is.
int32_t nasbot_take_gradients(const at::Tensor* const* leaves, const at::Tensor* const* views, int64_t n) noexcept {
  int32_t failed = -1;
  try {
    const at::NoGradGuard guard;
    // By the kind of number: libtorch copies a list in one launch where all of it is of one kind.
    std::vector<at::Tensor> to[2];
    std::vector<at::Tensor> from[2];
    for (int64_t i = 0; i < n; ++i) {
      const at::Tensor& gradient = leaves[i]->grad();
      if (!gradient.defined()) {
        return -1;
      }
      const int kind = gradient.scalar_type() == views[i]->scalar_type() ? 0 : 1;
      to[kind].push_back(*views[i]);
      from[kind].push_back(gradient);
    }
    failed = 1;
    for (int kind = 0; kind < 2; ++kind) {
      if (!to[kind].empty()) {
        at::_foreach_copy_(to[kind], from[kind]);
      }
    }
    for (int64_t i = 0; i < n; ++i) {
      leaves[i]->mutable_grad() = at::Tensor();
    }
    return 0;
  } catch (...) {
    return failed;
  }
}

// SGD with momentum by the gradient. All are vectors of the same length, of which the first `decaying` entries decay.
int32_t nasbot_fused_sgd(
    const at::Tensor* flat, const at::Tensor* gradient, const at::Tensor* first, int64_t decaying, double decay, double momentum,
    double rate, bool nesterov) noexcept {
  return for_parts({*flat, *gradient, *first}, decaying, decay, [&](const std::vector<at::Tensor>& v, double weight_decay) {
    at::_fused_sgd_(
        {v[0]}, {v[1]}, momentum > 0.0 ? at::TensorList(v[2]) : at::TensorList(), weight_decay, momentum, rate, /*dampening=*/0.0, nesterov, /*maximize=*/false,
        /*is_first_step=*/false);
  });
}

// AdamW by the gradient, for the step of this number, counted from 1.
int32_t nasbot_fused_adamw(
    const at::Tensor* flat, const at::Tensor* gradient, const at::Tensor* first, const at::Tensor* second, int64_t decaying,
    double decay, double beta1, double beta2, double eps, double rate, int32_t number) noexcept {
  return for_parts({*flat, *gradient, *first, *second}, decaying, decay, [&](const std::vector<at::Tensor>& v, double weight_decay) {
    const at::Tensor step = at::full({}, static_cast<double>(number), v[0].options().dtype(at::kFloat));
    at::_fused_adamw_(
        {v[0]}, {v[1]}, {v[2]}, {v[3]}, {}, {step}, rate, beta1, beta2, weight_decay, eps, /*amsgrad=*/false, /*maximize=*/false);
  });
}

// Counts the functions that launch something from here on, or no more.
int32_t nasbot_count_launches(bool wanted) noexcept {
  try {
    if (counting != at::INVALID_CALLBACK_HANDLE) {
      at::removeCallback(counting);
      counting = at::INVALID_CALLBACK_HANDLE;
    }
    if (wanted) {
      counting = at::addGlobalCallback(at::RecordFunctionCallback(&begins, &ends).scopes({at::RecordScope::FUNCTION}));
      launched = 0;
    }
    return 0;
  } catch (...) {
    return -1;
  }
}

uint64_t nasbot_launched() noexcept { return launched; }

} // extern "C"
