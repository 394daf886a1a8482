// SPDX-License-Identifier: Apache-2.0

// The public functions, which go to the implementation in use.

#include <atomic>
#include <cstring>

#include "Implementations.hpp"

namespace {

#if defined(__x86_64__)
bool hasSSE4() {
    return __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.2")
        && __builtin_cpu_supports("popcnt");
}

bool hasAVX2() {
    return hasSSE4() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")
        && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("lzcnt");
}

bool hasAVX512() {
    return hasAVX2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi");
}
#endif

bool canRun(const tensor_text_implementation *implementation) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (implementation == &avx512Implementation) return hasAVX512();
    if (implementation == &avx2Implementation) return hasAVX2();
    if (implementation == &sse4Implementation) return hasSSE4();
#endif
    return implementation == &portableImplementation;
}

/// Best first.
constexpr const tensor_text_implementation *implementations[] = {
#if defined(__x86_64__)
    &avx512Implementation,
    &avx2Implementation,
    &sse4Implementation,
#endif
    &portableImplementation,
};

/// Null until first asked for: two threads that ask at once find the same.
std::atomic<const tensor_text_implementation *> inUse = nullptr;

const tensor_text_implementation *chooseBest() {
    for (const tensor_text_implementation *candidate : implementations) {
        if (!canRun(candidate)) continue;
        const tensor_text_implementation *none = nullptr;
        return inUse.compare_exchange_strong(none, candidate) ? candidate : none;
    }
    return &portableImplementation;
}

}  // namespace

const tensor_text_implementation *tensor_text_implementation_in_use(void) {
    const tensor_text_implementation *current = inUse.load(std::memory_order_relaxed);
    return current ? current : chooseBest();
}

const tensor_text_implementation *tensor_text_implementation_named(const char *name) {
    for (const tensor_text_implementation *candidate : implementations)
        if (strcmp(candidate->name, name) == 0) return canRun(candidate) ? candidate : nullptr;
    return nullptr;
}

bool tensor_text_use(const char *name) {
    const tensor_text_implementation *implementation = tensor_text_implementation_named(name);
    if (implementation) inUse = implementation;
    return implementation != nullptr;
}

ptrdiff_t tensor_text_number_bound(const char *text, ptrdiff_t byte_count) {
    return tensor_text_implementation_in_use()->number_bound(text, byte_count);
}

tensor_text_reading tensor_text_read_float32(
    const char *text, ptrdiff_t byte_count, float *numbers, ptrdiff_t capacity) {
    return tensor_text_implementation_in_use()->read_float32(text, byte_count, numbers, capacity);
}

tensor_text_reading tensor_text_read_float64(
    const char *text, ptrdiff_t byte_count, double *numbers, ptrdiff_t capacity) {
    return tensor_text_implementation_in_use()->read_float64(text, byte_count, numbers, capacity);
}

tensor_text_reading tensor_text_read_float16(
    const char *text, ptrdiff_t byte_count, uint16_t *numbers, ptrdiff_t capacity) {
    return tensor_text_implementation_in_use()->read_float16(text, byte_count, numbers, capacity);
}

tensor_text_reading tensor_text_read_bfloat16(
    const char *text, ptrdiff_t byte_count, uint16_t *numbers, ptrdiff_t capacity) {
    return tensor_text_implementation_in_use()->read_bfloat16(text, byte_count, numbers, capacity);
}

ptrdiff_t tensor_text_print_float32(
    char *out, const float *numbers, int32_t rank, const ptrdiff_t *shape) {
    return tensor_text_implementation_in_use()->print_float32(out, numbers, rank, shape);
}

ptrdiff_t tensor_text_print_float64(
    char *out, const double *numbers, int32_t rank, const ptrdiff_t *shape) {
    return tensor_text_implementation_in_use()->print_float64(out, numbers, rank, shape);
}

ptrdiff_t tensor_text_print_float16(
    char *out, const uint16_t *numbers, int32_t rank, const ptrdiff_t *shape) {
    return tensor_text_implementation_in_use()->print_float16(out, numbers, rank, shape);
}

ptrdiff_t tensor_text_print_bfloat16(
    char *out, const uint16_t *numbers, int32_t rank, const ptrdiff_t *shape) {
    return tensor_text_implementation_in_use()->print_bfloat16(out, numbers, rank, shape);
}

tensor_text_stretch tensor_text_survey(const char *text, ptrdiff_t byte_count) {
    return tensor_text_implementation_in_use()->survey(text, byte_count);
}

tensor_text_piece tensor_text_read_piece(
    tensor_text_format format, const char *text, ptrdiff_t byte_count,
    const tensor_text_span *span, void *numbers) {
    return tensor_text_implementation_in_use()->read_piece(
        format, text, byte_count, span, numbers);
}

ptrdiff_t tensor_text_print_range(
    tensor_text_format format, char *out, const void *numbers, int32_t rank,
    const ptrdiff_t *shape, ptrdiff_t begin, ptrdiff_t end) {
    return tensor_text_implementation_in_use()->print_range(
        format, out, numbers, rank, shape, begin, end);
}

void tensor_text_base64_encode(char *out, const void *bytes, ptrdiff_t byte_count) {
    tensor_text_implementation_in_use()->base64_encode(out, bytes, byte_count);
}

tensor_text_decoding tensor_text_base64_decode(
    void *bytes, ptrdiff_t capacity, const char *text, ptrdiff_t length) {
    return tensor_text_implementation_in_use()->base64_decode(bytes, capacity, text, length);
}
