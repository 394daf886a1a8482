// SPDX-License-Identifier: Apache-2.0

import CLanes
import KernelInterface

/// A panel of B, `P` vectors wide.
enum Panel<let P: Int> {}

/// Whether a tile asks for what the next panel is made of: 1, or 0.
enum Ahead<let A: Int> {}

/// `R` rows by `N` vectors of C held in registers: the one source of every dense kernel.
///
/// LLVM unrolls the rows, and so keeps them in registers, up to R = 12 with N = 2, 9 with 3, 6 with 4;
/// beyond that the arrays fall into memory and the speed to less than half
/// (Tests/check_instructions.py watches over it). Never inlined: constant depths undo it too.
enum Tile<V: KernelVector, let R: Int, let N: Int> {
    typealias Scalar = V.Scalar
    typealias Registers = InlineArray<R, InlineArray<N, V>>

    /// Steps that stand in one turn of ``packed(_:_:_:)``.
    @inline(__always) static var turn: Int {
        #if AVX512
        2
        #else
        4
        #endif
    }

    /// C <- start + A·B with B in a panel of `P` vectors.
    ///
    /// Four steps a turn make the instructions that only count few, which matters where another thread
    /// shares the core's front end: 68 GFLOP/s with one step, 73 with two, 79 with four, on a core that
    /// reaches 100 alone. The AVX-512 tile of 8 x 3 spills with four.
    ///
    /// With A = 1 a turn asks for a line of the next panel's rows as well, one row in ``turn``.
    @inline(never) static func packed<let P: Int, let A: Int>(
        _ o: TileOperands<Scalar>, _: Panel<P>.Type, _: Ahead<A>.Type
    ) {
        var t = start(o.bias)
        prefetch(o.c, o.ldc)
        var a = o.a
        var b = o.b
        let columns = P * V.scalarCount
        for i in 0..<o.depth / turn {
            if A == 1 {
                lanes_prefetch_far(o.ahead.unsafelyUnwrapped[i * turn].values + o.aheadColumn)
            }
            step(&t, a, b)
            step(&t, a + R, b + columns)
            #if !AVX512
            step(&t, a + 2 * R, b + 2 * columns)
            step(&t, a + 3 * R, b + 3 * columns)
            #endif
            lanes_prefetch(a + 64 * R)
            a += turn * R
            b += turn * columns
        }
        for _ in 0..<o.depth % turn {
            step(&t, a, b)
            a += R
            b += columns
        }
        finish(t, o.c, o.ldc, o.accumulate, tail: o.tail)
    }

    /// The same with row r of A at `a + r·lda`: nothing is packed, a step reads a column of R rows. What the
    /// next tile reads is asked for meanwhile, a line of each row in turn.
    @inline(never) static func unpacked<let P: Int>(_ o: TileOperands<Scalar>, _: Panel<P>.Type) {
        var t = start(o.bias)
        prefetch(o.c, o.ldc)
        var a = o.a
        var b = o.b
        let lda = o.lda
        let columns = P * V.scalarCount
        // The AVX-512 tile spills with two steps a turn.
        #if AVX512
        let turn = 1
        #else
        let turn = 4
        #endif
        for i in 0..<o.depth / turn {
            lanes_prefetch(a + (R + (i & (R - 1))) * lda)
            step(&t, a, b, lda)
            #if !AVX512
            step(&t, a + 1, b + columns, lda)
            step(&t, a + 2, b + 2 * columns, lda)
            step(&t, a + 3, b + 3 * columns, lda)
            #endif
            a += turn
            b += turn * columns
        }
        for _ in 0..<o.depth % turn {
            step(&t, a, b, lda)
            a += 1
            b += columns
        }
        finish(t, o.c, o.ldc, o.accumulate, tail: o.tail)
    }

    /// C <- start + A·B with row k of B at `b + offsets[k]`.
    @inline(never) static func indirect(_ o: SlideOperands<Scalar>, column: Int) {
        var t = start(o.bias)
        var a = o.a
        let b = o.b + column
        var offsets = o.offsets
        #if AVX512
        let turn = 2
        #else
        let turn = 4
        #endif
        for _ in 0..<o.depth / turn {
            step(&t, a, b + Int(offsets[0]))
            step(&t, a + R, b + Int(offsets[1]))
            #if !AVX512
            step(&t, a + 2 * R, b + Int(offsets[2]))
            step(&t, a + 3 * R, b + Int(offsets[3]))
            #endif
            a += turn * R
            offsets += turn
        }
        for _ in 0..<o.depth % turn {
            step(&t, a, b + Int(offsets[0]))
            a += R
            offsets += 1
        }
        finish(t, o.c + column, o.ldc, o.accumulate, tail: 0)
    }

    @inline(__always) static func start(_ bias: UnsafePointer<Scalar>?) -> Registers {
        var t = Registers(repeating: .init(repeating: .zero))
        if let bias {
            for r in 0..<R { for j in 0..<N { t[r][j] = V(repeating: bias[r]) } }
        }
        return t
    }

    /// Row k of B is loaded once and used for every row of C.
    @inline(__always) static func step(
        _ t: inout Registers, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ lda: Int = 1
    ) {
        var row = InlineArray<N, V>(repeating: .zero)
        for j in 0..<N { row[j] = load(b + j * V.scalarCount) }
        step(&t, a, row, lda)
    }

    /// The same with a row of B that is loaded already.
    @inline(__always) static func step(
        _ t: inout Registers, _ a: UnsafePointer<Scalar>, _ row: InlineArray<N, V>, _ lda: Int = 1
    ) {
        for r in 0..<R {
            let w = V(repeating: a[r * lda])
            for j in 0..<N { t[r][j] = V.muladd(w, row[j], t[r][j]) }
        }
    }

    /// Several loops, because a choice inside one is not hoisted.
    @inline(__always) static func finish(
        _ t: Registers, _ c: UnsafeMutablePointer<Scalar>, _ ldc: Int, _ accumulate: Bool, tail: Int
    ) {
        if tail > 0 {
            for r in 0..<R {
                for j in 0..<N {
                    let p = c + r * ldc + j * V.scalarCount
                    let sum = accumulate ? V.sum(load(p), t[r][j]) : t[r][j]
                    if j < N - 1 { store(sum, p) } else { V.storeFirst(tail, sum, p) }
                }
            }
        } else if accumulate {
            for r in 0..<R {
                for j in 0..<N {
                    let p = c + r * ldc + j * V.scalarCount
                    store(V.sum(load(p), t[r][j]), p)
                }
            }
        } else {
            for r in 0..<R {
                for j in 0..<N { store(t[r][j], c + r * ldc + j * V.scalarCount) }
            }
        }
    }

    /// C is wanted only after the whole sum: its lines arrive meanwhile.
    @inline(__always) static func prefetch(_ c: UnsafeMutablePointer<Scalar>, _ ldc: Int) {
        for r in 0..<R {
            lanes_prefetch(c + r * ldc)
            lanes_prefetch(c + r * ldc + N * V.scalarCount - 1)
        }
    }
}
