// SPDX-License-Identifier: Apache-2.0
//
// The vector operations that Swift has no dependable spelling for: fused multiply-add, two-operand
// shuffles, square transpositions, prefetch. Swift imports f32x8 as SIMD8<Float> and so on, and
// inlines each function as one instruction (a transposition: as its shuffles) under the -march of
// the module that calls it.
#pragma once

#define LANES_INLINE static inline __attribute__((always_inline))

typedef float f32x2 __attribute__((ext_vector_type(2)));
typedef float f32x4 __attribute__((ext_vector_type(4)));
typedef float f32x8 __attribute__((ext_vector_type(8)));
typedef float f32x16 __attribute__((ext_vector_type(16)));
typedef double f64x2 __attribute__((ext_vector_type(2)));
typedef double f64x4 __attribute__((ext_vector_type(4)));
typedef double f64x8 __attribute__((ext_vector_type(8)));

// Without a fused instruction the compiler would call libm once per lane: multiply and add instead.
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define LANES_MULADD(a, b, c) __builtin_elementwise_fma(a, b, c)
#define LANES_NEGMULADD(a, b, c) __builtin_elementwise_fma(-(a), b, c)
#else
#define LANES_MULADD(a, b, c) ((a) * (b) + (c))
#define LANES_NEGMULADD(a, b, c) ((c) - (a) * (b))
#endif

#define LANES_ARITHMETIC(V)                                                          \
    LANES_INLINE V V##_add(V a, V b) { return a + b; }                               \
    LANES_INLINE V V##_sub(V a, V b) { return a - b; }                               \
    LANES_INLINE V V##_mul(V a, V b) { return a * b; }                               \
    LANES_INLINE V V##_muladd(V a, V b, V c) { return LANES_MULADD(a, b, c); }       \
    LANES_INLINE V V##_negmuladd(V a, V b, V c) { return LANES_NEGMULADD(a, b, c); }

LANES_ARITHMETIC(f32x4)
LANES_ARITHMETIC(f64x2)
#if defined(__AVX__)
LANES_ARITHMETIC(f32x8)
LANES_ARITHMETIC(f64x4)
#endif
#if defined(__AVX512F__)
LANES_ARITHMETIC(f32x16)
LANES_ARITHMETIC(f64x8)
#endif

// evens, odds: the even, odd lanes of a followed by b; zip_low, zip_high: halves of a0 b0 a1 b1 ...
#define LANES_SHUFFLES(V, EVENS, ODDS, LOW, HIGH)                                    \
    LANES_INLINE V V##_evens(V a, V b) { return __builtin_shufflevector(a, b, EVENS); }   \
    LANES_INLINE V V##_odds(V a, V b) { return __builtin_shufflevector(a, b, ODDS); }     \
    LANES_INLINE V V##_zip_low(V a, V b) { return __builtin_shufflevector(a, b, LOW); }   \
    LANES_INLINE V V##_zip_high(V a, V b) { return __builtin_shufflevector(a, b, HIGH); }
#define LANES_LIST(...) __VA_ARGS__
#define LANES_SHUFFLES_2(V) LANES_SHUFFLES(V, LANES_LIST(0, 2), LANES_LIST(1, 3),    \
    LANES_LIST(0, 2), LANES_LIST(1, 3))
#define LANES_SHUFFLES_4(V) LANES_SHUFFLES(V, LANES_LIST(0, 2, 4, 6),                \
    LANES_LIST(1, 3, 5, 7), LANES_LIST(0, 4, 1, 5), LANES_LIST(2, 6, 3, 7))
#define LANES_SHUFFLES_8(V) LANES_SHUFFLES(V, LANES_LIST(0, 2, 4, 6, 8, 10, 12, 14), \
    LANES_LIST(1, 3, 5, 7, 9, 11, 13, 15), LANES_LIST(0, 8, 1, 9, 2, 10, 3, 11),     \
    LANES_LIST(4, 12, 5, 13, 6, 14, 7, 15))
#define LANES_SHUFFLES_16(V) LANES_SHUFFLES(V,                                       \
    LANES_LIST(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30),           \
    LANES_LIST(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31),           \
    LANES_LIST(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),              \
    LANES_LIST(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31))

LANES_SHUFFLES_4(f32x4)
LANES_SHUFFLES_2(f64x2)
#if defined(__AVX__)
LANES_SHUFFLES_8(f32x8)
LANES_SHUFFLES_4(f64x4)
#endif
#if defined(__AVX512F__)
LANES_SHUFFLES_16(f32x16)
LANES_SHUFFLES_8(f64x8)
#endif

// AVX-512 masks a load as it loads, the others are as fast with the load as an operand.
#if defined(__AVX512F__)
#define LANES_MASKED(V, I, v, m) ((V)((I)(m) < (I)0 ? (I)(v) : (I)0))
#else
#define LANES_MASKED(V, I, v, m) ((V)((I)(v) & (I)(m)))
#endif

// The first n lanes of v; zeros behind them. The lanes of v where all bits of m are set; zeros where none is.
#define LANES_FIRST(V, T, I, INT, ...)                                               \
    LANES_INLINE V V##_first(V v, long n) {                                          \
        typedef INT I __attribute__((ext_vector_type(sizeof(V) / sizeof(T))));       \
        const I lane = {__VA_ARGS__};                                                \
        return (V)((I)v & (I)(lane < (INT)n));                                       \
    }                                                                                \
    LANES_INLINE V V##_masked(V v, V m) {                                            \
        typedef INT I __attribute__((ext_vector_type(sizeof(V) / sizeof(T))));       \
        return LANES_MASKED(V, I, v, m);                                             \
    }
LANES_FIRST(f32x4, float, i32x4, int, 0, 1, 2, 3)
LANES_FIRST(f64x2, double, i64x2, long, 0, 1)
#if defined(__AVX__)
LANES_FIRST(f32x8, float, i32x8, int, 0, 1, 2, 3, 4, 5, 6, 7)
LANES_FIRST(f64x4, double, i64x4, long, 0, 1, 2, 3)
#endif
#if defined(__AVX512F__)
LANES_FIRST(f32x16, float, i32x16, int, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
LANES_FIRST(f64x8, double, i64x8, long, 0, 1, 2, 3, 4, 5, 6, 7)
#endif

// Vector loads and stores of any alignment, as the C compiler spells them.
#define LANES_MEMORY(V, T)                                                           \
    LANES_INLINE V V##_load(const T *p) { V v; __builtin_memcpy(&v, p, sizeof v); return v; } \
    LANES_INLINE void V##_store(T *p, V v) { __builtin_memcpy(p, &v, sizeof v); }
LANES_MEMORY(f32x4, float)
LANES_MEMORY(f64x2, double)
#if defined(__AVX__)
LANES_MEMORY(f32x8, float)
LANES_MEMORY(f64x4, double)
#endif
#if defined(__AVX512F__)
LANES_MEMORY(f32x16, float)
LANES_MEMORY(f64x8, double)
#endif

// The first n lanes to p, and nothing behind them: with a mask where that is one instruction, else by halves.
#define LANES_STORE_HALVES(V, H, T, LOW, HIGH)                                       \
    LANES_INLINE void V##_store_first(T *p, V v, long n) {                           \
        const long half = sizeof(V) / sizeof(T) / 2;                                 \
        H low = __builtin_shufflevector(v, v, LOW);                                  \
        if (n >= half) {                                                             \
            H##_store(p, low);                                                       \
            p += half, n -= half, low = __builtin_shufflevector(v, v, HIGH);         \
        }                                                                            \
        H##_store_first(p, low, n);                                                  \
    }
LANES_INLINE void f32x2_store(float *p, f32x2 v) { __builtin_memcpy(p, &v, sizeof v); }
LANES_INLINE void f32x2_store_first(float *p, f32x2 v, long n) {
    if (n > 1) f32x2_store(p, v);
    else if (n > 0) *p = v.x;
}
LANES_INLINE void f64x2_store_first(double *p, f64x2 v, long n) {
    if (n > 1) f64x2_store(p, v);
    else if (n > 0) *p = v.x;
}
LANES_STORE_HALVES(f32x4, f32x2, float, LANES_LIST(0, 1), LANES_LIST(2, 3))
#if defined(__AVX__)
LANES_STORE_HALVES(f32x8, f32x4, float, LANES_LIST(0, 1, 2, 3), LANES_LIST(4, 5, 6, 7))
LANES_STORE_HALVES(f64x4, f64x2, double, LANES_LIST(0, 1), LANES_LIST(2, 3))
#endif
#if defined(__AVX512F__)
typedef float f32x16_vector __attribute__((vector_size(64)));
typedef double f64x8_vector __attribute__((vector_size(64)));
LANES_INLINE void f32x16_store_first(float *p, f32x16 v, long n) {
    unsigned short mask = n >= 16 ? 0xffff : (1u << n) - 1;
    __builtin_ia32_storeups512_mask((f32x16_vector *)p, (f32x16_vector)v, mask);
}
LANES_INLINE void f64x8_store_first(double *p, f64x8 v, long n) {
    unsigned char mask = n >= 8 ? 0xff : (1u << n) - 1;
    __builtin_ia32_storeupd512_mask((f64x8_vector *)p, (f64x8_vector)v, mask);
}
#endif

// The lanes from the n-th on to their places behind p, and nothing in front of them; 0 <= n.
#define LANES_STORE_LAST_HALVES(V, H, T, LOW, HIGH)                                  \
    LANES_INLINE void V##_store_from(T *p, V v, long n) {                            \
        const long half = sizeof(V) / sizeof(T) / 2;                                 \
        H high = __builtin_shufflevector(v, v, HIGH);                                \
        if (n >= half) {                                                             \
            H##_store_from(p + half, high, n - half);                                \
        } else {                                                                     \
            H##_store(p + half, high);                                               \
            H##_store_from(p, __builtin_shufflevector(v, v, LOW), n);                \
        }                                                                            \
    }
LANES_INLINE void f32x2_store_from(float *p, f32x2 v, long n) {
    if (n < 1) f32x2_store(p, v);
    else if (n < 2) p[1] = v.y;
}
LANES_INLINE void f64x2_store_from(double *p, f64x2 v, long n) {
    if (n < 1) f64x2_store(p, v);
    else if (n < 2) p[1] = v.y;
}
LANES_STORE_LAST_HALVES(f32x4, f32x2, float, LANES_LIST(0, 1), LANES_LIST(2, 3))
#if defined(__AVX__)
LANES_STORE_LAST_HALVES(f32x8, f32x4, float, LANES_LIST(0, 1, 2, 3), LANES_LIST(4, 5, 6, 7))
LANES_STORE_LAST_HALVES(f64x4, f64x2, double, LANES_LIST(0, 1), LANES_LIST(2, 3))
#endif
#if defined(__AVX512F__)
LANES_INLINE void f32x16_store_from(float *p, f32x16 v, long n) {
    unsigned short mask = n >= 16 ? 0 : 0xffffu << n;
    __builtin_ia32_storeups512_mask((f32x16_vector *)p, (f32x16_vector)v, mask);
}
LANES_INLINE void f64x8_store_from(double *p, f64x8 v, long n) {
    unsigned char mask = n >= 8 ? 0 : 0xffu << n;
    __builtin_ia32_storeupd512_mask((f64x8_vector *)p, (f64x8_vector)v, mask);
}
#endif

// Squares of N x N, turned. transpose: to[k * pitch + r] = from[r * stride + k]; scatter: the same with
// row k at to + at[k], the last row first: rows that nobody wants may go where row 0 is written after them.
// Twice, row i is interleaved with row i + 2.
#define LANES_TRANSPOSE_4(V, T)                                                      \
    LANES_INLINE void V##_turn(const T *from, long stride, V *r) {                   \
        V a = V##_load(from), b = V##_load(from + stride);                           \
        V c = V##_load(from + 2 * stride), d = V##_load(from + 3 * stride);          \
        V e = V##_zip_low(a, c), f = V##_zip_high(a, c);                             \
        V g = V##_zip_low(b, d), h = V##_zip_high(b, d);                             \
        r[0] = V##_zip_low(e, g), r[1] = V##_zip_high(e, g);                         \
        r[2] = V##_zip_low(f, h), r[3] = V##_zip_high(f, h);                         \
    }                                                                                \
    LANES_TURNED(V, T, 4)
// Three times, row i is interleaved with row i + 4. Floats are loaded in halves instead, rows i and i + 4
// into one vector, which leaves shuffles within halves: 16 that go twice as fast for 24.
#define LANES_TRANSPOSE_8(V, T)                                                      \
    LANES_INLINE void V##_turn(const T *from, long stride, V *r) {                   \
        V t[8];                                                                      \
        for (int i = 0; i < 8; i++) r[i] = V##_load(from + i * stride);              \
        for (int round = 0; round < 3; round++) {                                    \
            for (int i = 0; i < 8; i++) t[i] = r[i];                                 \
            for (int i = 0; i < 4; i++) {                                            \
                r[2 * i] = V##_zip_low(t[i], t[i + 4]);                              \
                r[2 * i + 1] = V##_zip_high(t[i], t[i + 4]);                         \
            }                                                                        \
        }                                                                            \
    }
#define LANES_TURNED(V, T, N)                                                        \
    LANES_INLINE void V##_transpose(const T *from, long stride, T *to, long pitch) { \
        V r[N];                                                                      \
        V##_turn(from, stride, r);                                                   \
        for (int i = 0; i < N; i++) V##_store(to + i * pitch, r[i]);                 \
    }                                                                                \
    LANES_INLINE void V##_scatter(const T *from, long stride, T *to, const long *at) { \
        V r[N];                                                                      \
        V##_turn(from, stride, r);                                                   \
        for (int i = N - 1; i >= 0; i--) V##_store(to + at[i], r[i]);                \
    }
LANES_TRANSPOSE_4(f32x4, float)
#if defined(__AVX__)
LANES_TRANSPOSE_4(f64x4, double)
LANES_INLINE f32x8 f32x8_halves(const float *low, const float *high) {
    return __builtin_shufflevector(f32x4_load(low), f32x4_load(high), 0, 1, 2, 3, 4, 5, 6, 7);
}
LANES_INLINE void f32x8_turn(const float *from, long stride, f32x8 *r) {
    for (int half = 0; half < 8; half += 4) {
        f32x8 v[4];
        for (int i = 0; i < 4; i++) {
            const float *row = from + i * stride + half;
            v[i] = f32x8_halves(row, row + 4 * stride);
        }
        f32x8 e = __builtin_shufflevector(v[0], v[1], 0, 8, 1, 9, 4, 12, 5, 13);
        f32x8 f = __builtin_shufflevector(v[0], v[1], 2, 10, 3, 11, 6, 14, 7, 15);
        f32x8 g = __builtin_shufflevector(v[2], v[3], 0, 8, 1, 9, 4, 12, 5, 13);
        f32x8 h = __builtin_shufflevector(v[2], v[3], 2, 10, 3, 11, 6, 14, 7, 15);
        r[half] = __builtin_shufflevector(e, g, 0, 1, 8, 9, 4, 5, 12, 13);
        r[half + 1] = __builtin_shufflevector(e, g, 2, 3, 10, 11, 6, 7, 14, 15);
        r[half + 2] = __builtin_shufflevector(f, h, 0, 1, 8, 9, 4, 5, 12, 13);
        r[half + 3] = __builtin_shufflevector(f, h, 2, 3, 10, 11, 6, 7, 14, 15);
    }
}
LANES_TURNED(f32x8, float, 8)
#endif
#if defined(__AVX512F__)
LANES_TRANSPOSE_8(f64x8, double)
LANES_TURNED(f64x8, double, 8)
LANES_INLINE f32x16 f32x16_quarters(const float *from, long stride) {
    f32x8 low = f32x8_halves(from, from + 4 * stride);
    f32x8 high = f32x8_halves(from + 8 * stride, from + 12 * stride);
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
// Quarters of rows i, i + 4, i + 8 and i + 12 are a vector; shuffles are within quarters.
LANES_INLINE void f32x16_transpose(const float *from, long stride, float *to, long pitch) {
    for (int quarter = 0; quarter < 16; quarter += 4) {
        f32x16 v[4];
        for (int i = 0; i < 4; i++) v[i] = f32x16_quarters(from + i * stride + quarter, stride);
        f32x16 e = __builtin_shufflevector(
            v[0], v[1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
        f32x16 f = __builtin_shufflevector(
            v[0], v[1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
        f32x16 g = __builtin_shufflevector(
            v[2], v[3], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
        f32x16 h = __builtin_shufflevector(
            v[2], v[3], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
        f32x16_store(to + quarter * pitch, __builtin_shufflevector(
            e, g, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29));
        f32x16_store(to + (quarter + 1) * pitch, __builtin_shufflevector(
            e, g, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31));
        f32x16_store(to + (quarter + 2) * pitch, __builtin_shufflevector(
            f, h, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29));
        f32x16_store(to + (quarter + 3) * pitch, __builtin_shufflevector(
            f, h, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31));
    }
}
#endif

// Tells the processor that the thread waits for another one.
LANES_INLINE void lanes_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

LANES_INLINE void lanes_prefetch(const void *p) { __builtin_prefetch(p); }
// Into L2 only.
LANES_INLINE void lanes_prefetch_far(const void *p) { __builtin_prefetch(p, 0, 2); }

#if defined(__x86_64__)
#include <cpuid.h>

// What the processor has and the operating system saves: 3 = AVX-512 F, BW, CD, DQ, VL with AVX2
// and FMA (x86-64-v4), 2 = AVX2, BMI and FMA (x86-64-v3), 1 = neither.
static inline int lanes_x86_level(void) {
    unsigned a, b, c, d, b7 = 0, c7, d7;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 1;
    const unsigned fma = 1u << 12, movbe = 1u << 22, osxsave = 1u << 27, avx = 1u << 28;
    const unsigned f16c = 1u << 29;
    if ((c & fma) == 0 || (c & movbe) == 0 || (c & osxsave) == 0) return 1;
    if ((c & avx) == 0 || (c & f16c) == 0) return 1;
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 0x6) != 0x6 || !__get_cpuid_count(7, 0, &a, &b7, &c7, &d7)) return 1;
    if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || (c & (1u << 5)) == 0) return 1;  // LZCNT
    const unsigned v3 = 1u << 3 | 1u << 5 | 1u << 8;                          // BMI1, AVX2, BMI2
    if ((b7 & v3) != v3) return 1;
    const unsigned v4 = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;  // F, DQ, CD, BW, VL
    return (b7 & v4) == v4 && (low & 0xE6) == 0xE6 ? 3 : 2;
}
#endif

// Processors that this process may run on: its affinity.
int lanes_processor_count(void);

// The processor that the calling thread is on; -1 where the system does not tell.
int lanes_processor(void);

// Moves the calling thread to another processor that it may run on, if there is one.
void lanes_leave_processor(int processor);
