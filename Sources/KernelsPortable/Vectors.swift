// SPDX-License-Identifier: Apache-2.0

import CLanes

// The vectors of this module's instruction set. A tile has `rows` rows, as many as a square of
// `KernelVector.transpose`, by three vectors: 8 x 3 fill 24 of AVX-512's 32 registers, 4 x 3 fill 12 of
// AVX2's 16, which leaves three for B and one for A; Arm has 32. SSE has 16 of half the width and no
// fused instruction, so that its tile is 4 x 2.

#if AVX512
typealias FloatVector = SIMD16<Float>
typealias DoubleVector = SIMD8<Double>
let moduleName = "avx512"

extension SIMD16: KernelVector where Scalar == Float {
    @inline(__always) static func sum(_ a: Self, _ b: Self) -> Self { f32x16_add(a, b) }
    @inline(__always) static func difference(_ a: Self, _ b: Self) -> Self { f32x16_sub(a, b) }
    @inline(__always) static func product(_ a: Self, _ b: Self) -> Self { f32x16_mul(a, b) }
    @inline(__always) static func muladd(_ a: Self, _ b: Self, _ c: Self) -> Self {
        f32x16_muladd(a, b, c)
    }
    @inline(__always) static func negmuladd(_ a: Self, _ b: Self, _ c: Self) -> Self {
        f32x16_negmuladd(a, b, c)
    }
    @inline(__always) static func evens(_ a: Self, _ b: Self) -> Self { f32x16_evens(a, b) }
    @inline(__always) static func odds(_ a: Self, _ b: Self) -> Self { f32x16_odds(a, b) }
    @inline(__always) static func zipLow(_ a: Self, _ b: Self) -> Self { f32x16_zip_low(a, b) }
    @inline(__always) static func zipHigh(_ a: Self, _ b: Self) -> Self { f32x16_zip_high(a, b) }
    @inline(__always) static func first(_ n: Int, _ v: Self) -> Self { f32x16_first(v, n) }
    @inline(__always) static func storeFirst(
        _ n: Int, _ v: Self, _ p: UnsafeMutablePointer<Float>
    ) {
        f32x16_store_first(p, v, n)
    }
    @inline(__always) static func storeFrom(
        _ n: Int, _ v: Self, _ p: UnsafeMutablePointer<Float>
    ) {
        f32x16_store_from(p, v, n)
    }
    @inline(__always) static func masked(_ v: Self, _ m: Self) -> Self { f32x16_masked(v, m) }
    @inline(__always) static var square: Int { 8 }
    @inline(__always) static func transpose(
        _ from: UnsafePointer<Float>, _ stride: Int, _ to: UnsafeMutablePointer<Float>,
        _ pitch: Int
    ) {
        f32x8_transpose(from, stride, to, pitch)
    }
    @inline(__always) static var wholeSide: Int { 16 }
    @inline(__always) static func turnWhole(
        _ from: UnsafePointer<Float>, _ stride: Int, _ to: UnsafeMutablePointer<Float>,
        _ pitch: Int
    ) {
        f32x16_transpose(from, stride, to, pitch)
    }
    @inline(__always) static func scatter(
        _ from: UnsafePointer<Float>, _ stride: Int, _ to: UnsafeMutablePointer<Float>,
        _ at: UnsafePointer<Int>
    ) {
        f32x8_scatter(from, stride, to, at)
    }
}

extension SIMD8: KernelVector where Scalar == Double {
    @inline(__always) static func sum(_ a: Self, _ b: Self) -> Self { f64x8_add(a, b) }
    @inline(__always) static func difference(_ a: Self, _ b: Self) -> Self { f64x8_sub(a, b) }
    @inline(__always) static func product(_ a: Self, _ b: Self) -> Self { f64x8_mul(a, b) }
    @inline(__always) static func muladd(_ a: Self, _ b: Self, _ c: Self) -> Self {
        f64x8_muladd(a, b, c)
    }
    @inline(__always) static func negmuladd(_ a: Self, _ b: Self, _ c: Self) -> Self {
        f64x8_negmuladd(a, b, c)
    }
    @inline(__always) static func evens(_ a: Self, _ b: Self) -> Self { f64x8_evens(a, b) }
    @inline(__always) static func odds(_ a: Self, _ b: Self) -> Self { f64x8_odds(a, b) }
    @inline(__always) static func zipLow(_ a: Self, _ b: Self) -> Self { f64x8_zip_low(a, b) }
    @inline(__always) static func zipHigh(_ a: Self, _ b: Self) -> Self { f64x8_zip_high(a, b) }
    @inline(__always) static func first(_ n: Int, _ v: Self) -> Self { f64x8_first(v, n) }
    @inline(__always) static func storeFirst(
        _ n: Int, _ v: Self, _ p: UnsafeMutablePointer<Double>
    ) {
        f64x8_store_first(p, v, n)
    }
    @inline(__always) static func storeFrom(
        _ n: Int, _ v: Self, _ p: UnsafeMutablePointer<Double>
    ) {
        f64x8_store_from(p, v, n)
    }
    @inline(__always) static func masked(_ v: Self, _ m: Self) -> Self { f64x8_masked(v, m) }
    @inline(__always) static var square: Int { 8 }
    @inline(__always) static func transpose(
        _ from: UnsafePointer<Double>, _ stride: Int, _ to: UnsafeMutablePointer<Double>,
        _ pitch: Int
    ) {
        f64x8_transpose(from, stride, to, pitch)
    }
    @inline(__always) static func scatter(
        _ from: UnsafePointer<Double>, _ stride: Int, _ to: UnsafeMutablePointer<Double>,
        _ at: UnsafePointer<Int>
    ) {
        f64x8_scatter(from, stride, to, at)
    }
}
#elseif AVX2
typealias FloatVector = SIMD8<Float>
typealias DoubleVector = SIMD4<Double>
let moduleName = "avx2"

extension SIMD8: KernelVector where Scalar == Float {
    @inline(__always) static func sum(_ a: Self, _ b: Self) -> Self { f32x8_add(a, b) }
    @inline(__always) static func difference(_ a: Self, _ b: Self) -> Self { f32x8_sub(a, b) }
    @inline(__always) static func product(_ a: Self, _ b: Self) -> Self { f32x8_mul(a, b) }
    @inline(__always) static func muladd(_ a: Self, _ b: Self, _ c: Self) -> Self {
        f32x8_muladd(a, b, c)
    }
    @inline(__always) static func negmuladd(_ a: Self, _ b: Self, _ c: Self) -> Self {
        f32x8_negmuladd(a, b, c)
    }
    @inline(__always) static func evens(_ a: Self, _ b: Self) -> Self { f32x8_evens(a, b) }
    @inline(__always) static func odds(_ a: Self, _ b: Self) -> Self { f32x8_odds(a, b) }
    @inline(__always) static func zipLow(_ a: Self, _ b: Self) -> Self { f32x8_zip_low(a, b) }
    @inline(__always) static func zipHigh(_ a: Self, _ b: Self) -> Self { f32x8_zip_high(a, b) }
    @inline(__always) static func first(_ n: Int, _ v: Self) -> Self { f32x8_first(v, n) }
    @inline(__always) static func storeFirst(
        _ n: Int, _ v: Self, _ p: UnsafeMutablePointer<Float>
    ) {
        f32x8_store_first(p, v, n)
    }
    @inline(__always) static func storeFrom(
        _ n: Int, _ v: Self, _ p: UnsafeMutablePointer<Float>
    ) {
        f32x8_store_from(p, v, n)
    }
    @inline(__always) static func masked(_ v: Self, _ m: Self) -> Self { f32x8_masked(v, m) }
    @inline(__always) static var square: Int { 4 }
    @inline(__always) static func transpose(
        _ from: UnsafePointer<Float>, _ stride: Int, _ to: UnsafeMutablePointer<Float>,
        _ pitch: Int
    ) {
        f32x4_transpose(from, stride, to, pitch)
    }
    @inline(__always) static var side: Int { 8 }
    @inline(__always) static func turn(
        _ from: UnsafePointer<Float>, _ stride: Int, _ to: UnsafeMutablePointer<Float>,
        _ pitch: Int
    ) {
        f32x8_transpose(from, stride, to, pitch)
    }
    @inline(__always) static func scatter(
        _ from: UnsafePointer<Float>, _ stride: Int, _ to: UnsafeMutablePointer<Float>,
        _ at: UnsafePointer<Int>
    ) {
        f32x4_scatter(from, stride, to, at)
    }
}

extension SIMD4: KernelVector where Scalar == Double {
    @inline(__always) static func sum(_ a: Self, _ b: Self) -> Self { f64x4_add(a, b) }
    @inline(__always) static func difference(_ a: Self, _ b: Self) -> Self { f64x4_sub(a, b) }
    @inline(__always) static func product(_ a: Self, _ b: Self) -> Self { f64x4_mul(a, b) }
    @inline(__always) static func muladd(_ a: Self, _ b: Self, _ c: Self) -> Self {
        f64x4_muladd(a, b, c)
    }
    @inline(__always) static func negmuladd(_ a: Self, _ b: Self, _ c: Self) -> Self {
        f64x4_negmuladd(a, b, c)
    }
    @inline(__always) static func evens(_ a: Self, _ b: Self) -> Self { f64x4_evens(a, b) }
    @inline(__always) static func odds(_ a: Self, _ b: Self) -> Self { f64x4_odds(a, b) }
    @inline(__always) static func zipLow(_ a: Self, _ b: Self) -> Self { f64x4_zip_low(a, b) }
    @inline(__always) static func zipHigh(_ a: Self, _ b: Self) -> Self { f64x4_zip_high(a, b) }
    @inline(__always) static func first(_ n: Int, _ v: Self) -> Self { f64x4_first(v, n) }
    @inline(__always) static func storeFirst(
        _ n: Int, _ v: Self, _ p: UnsafeMutablePointer<Double>
    ) {
        f64x4_store_first(p, v, n)
    }
    @inline(__always) static func storeFrom(
        _ n: Int, _ v: Self, _ p: UnsafeMutablePointer<Double>
    ) {
        f64x4_store_from(p, v, n)
    }
    @inline(__always) static func masked(_ v: Self, _ m: Self) -> Self { f64x4_masked(v, m) }
    @inline(__always) static var square: Int { 4 }
    @inline(__always) static func transpose(
        _ from: UnsafePointer<Double>, _ stride: Int, _ to: UnsafeMutablePointer<Double>,
        _ pitch: Int
    ) {
        f64x4_transpose(from, stride, to, pitch)
    }
    @inline(__always) static func scatter(
        _ from: UnsafePointer<Double>, _ stride: Int, _ to: UnsafeMutablePointer<Double>,
        _ at: UnsafePointer<Int>
    ) {
        f64x4_scatter(from, stride, to, at)
    }
}
#else
typealias FloatVector = SIMD4<Float>
typealias DoubleVector = SIMD2<Double>
let moduleName = "portable"

extension SIMD4: KernelVector where Scalar == Float {
    @inline(__always) static func sum(_ a: Self, _ b: Self) -> Self { f32x4_add(a, b) }
    @inline(__always) static func difference(_ a: Self, _ b: Self) -> Self { f32x4_sub(a, b) }
    @inline(__always) static func product(_ a: Self, _ b: Self) -> Self { f32x4_mul(a, b) }
    @inline(__always) static func muladd(_ a: Self, _ b: Self, _ c: Self) -> Self {
        f32x4_muladd(a, b, c)
    }
    @inline(__always) static func negmuladd(_ a: Self, _ b: Self, _ c: Self) -> Self {
        f32x4_negmuladd(a, b, c)
    }
    @inline(__always) static func evens(_ a: Self, _ b: Self) -> Self { f32x4_evens(a, b) }
    @inline(__always) static func odds(_ a: Self, _ b: Self) -> Self { f32x4_odds(a, b) }
    @inline(__always) static func zipLow(_ a: Self, _ b: Self) -> Self { f32x4_zip_low(a, b) }
    @inline(__always) static func zipHigh(_ a: Self, _ b: Self) -> Self { f32x4_zip_high(a, b) }
    @inline(__always) static func first(_ n: Int, _ v: Self) -> Self { f32x4_first(v, n) }
    @inline(__always) static func storeFirst(
        _ n: Int, _ v: Self, _ p: UnsafeMutablePointer<Float>
    ) {
        f32x4_store_first(p, v, n)
    }
    @inline(__always) static func storeFrom(
        _ n: Int, _ v: Self, _ p: UnsafeMutablePointer<Float>
    ) {
        f32x4_store_from(p, v, n)
    }
    @inline(__always) static func masked(_ v: Self, _ m: Self) -> Self { f32x4_masked(v, m) }
    @inline(__always) static var square: Int { 4 }
    @inline(__always) static func transpose(
        _ from: UnsafePointer<Float>, _ stride: Int, _ to: UnsafeMutablePointer<Float>,
        _ pitch: Int
    ) {
        f32x4_transpose(from, stride, to, pitch)
    }
    @inline(__always) static func scatter(
        _ from: UnsafePointer<Float>, _ stride: Int, _ to: UnsafeMutablePointer<Float>,
        _ at: UnsafePointer<Int>
    ) {
        f32x4_scatter(from, stride, to, at)
    }
}

extension SIMD2: KernelVector where Scalar == Double {
    @inline(__always) static func sum(_ a: Self, _ b: Self) -> Self { f64x2_add(a, b) }
    @inline(__always) static func difference(_ a: Self, _ b: Self) -> Self { f64x2_sub(a, b) }
    @inline(__always) static func product(_ a: Self, _ b: Self) -> Self { f64x2_mul(a, b) }
    @inline(__always) static func muladd(_ a: Self, _ b: Self, _ c: Self) -> Self {
        f64x2_muladd(a, b, c)
    }
    @inline(__always) static func negmuladd(_ a: Self, _ b: Self, _ c: Self) -> Self {
        f64x2_negmuladd(a, b, c)
    }
    @inline(__always) static func evens(_ a: Self, _ b: Self) -> Self { f64x2_evens(a, b) }
    @inline(__always) static func odds(_ a: Self, _ b: Self) -> Self { f64x2_odds(a, b) }
    @inline(__always) static func zipLow(_ a: Self, _ b: Self) -> Self { f64x2_zip_low(a, b) }
    @inline(__always) static func zipHigh(_ a: Self, _ b: Self) -> Self { f64x2_zip_high(a, b) }
    @inline(__always) static func first(_ n: Int, _ v: Self) -> Self { f64x2_first(v, n) }
    @inline(__always) static func storeFirst(
        _ n: Int, _ v: Self, _ p: UnsafeMutablePointer<Double>
    ) {
        f64x2_store_first(p, v, n)
    }
    @inline(__always) static func storeFrom(
        _ n: Int, _ v: Self, _ p: UnsafeMutablePointer<Double>
    ) {
        f64x2_store_from(p, v, n)
    }
    @inline(__always) static func masked(_ v: Self, _ m: Self) -> Self { f64x2_masked(v, m) }
    @inline(__always) static var square: Int { 4 }
    @inline(__always) static func transpose(
        _ from: UnsafePointer<Double>, _ stride: Int, _ to: UnsafeMutablePointer<Double>,
        _ pitch: Int
    ) {
        for k in 0..<4 { for r in 0..<4 { to[k * pitch + r] = from[r * stride + k] } }
    }
    @inline(__always) static var side: Int { 2 }
    @inline(__always) static func turn(
        _ from: UnsafePointer<Double>, _ stride: Int, _ to: UnsafeMutablePointer<Double>,
        _ pitch: Int
    ) {
        for k in 0..<2 { for r in 0..<2 { to[k * pitch + r] = from[r * stride + k] } }
    }
    @inline(__always) static func scatter(
        _ from: UnsafePointer<Double>, _ stride: Int, _ to: UnsafeMutablePointer<Double>,
        _ at: UnsafePointer<Int>
    ) {
        for k in (0..<4).reversed() {
            for r in 0..<4 { to[at[k] + r] = from[r * stride + k] }
        }
    }
}
#endif
