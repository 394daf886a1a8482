// SPDX-License-Identifier: Apache-2.0

import CLanes
import ConvolutionEngine
import Synchronization
import Testing

@Suite("ParallelTiles and ScratchPool")
struct ParallelTilesTests {
    @Test("every task once, whatever the number of threads", arguments: [1, 2, 3, 16])
    func once(threads: Int) {
        for count in [0, 1, 2, 7, 1000] {
            let seen = Mutex([Int](repeating: 0, count: count))
            ParallelTiles.run(count, threads: threads) { task, _ in
                seen.withLock { $0[task] += 1 }
            }
            #expect(seen.withLock { $0.allSatisfy { $0 == 1 } })
        }
    }

    @Test("a worker begins with its share and goes on with those behind it", arguments: 1...8)
    func shares(threads: Int) {
        for count in [1, 2, 7, 50, 200] {
            let taken = Mutex([[Int]](repeating: [], count: threads))
            ParallelTiles.run(count, threads: threads) { task, worker in
                taken.withLock { $0[worker].append(task) }
            }
            let workers = min(threads, count)
            for (worker, tasks) in taken.withLock({ $0 }).enumerated() {
                let first = count * worker / workers
                let order = tasks.map { ($0 - first + count) % count }
                #expect(order == order.sorted(), "\(count) tasks, worker \(worker) of \(workers)")
            }
        }
    }

    @Test("tasks of blocks and splits: each once, split by split")
    func blockTasks() {
        let tasks = BlockTasks(images: 3, blocks: 4, splits: 2)
        let places = (0..<tasks.count).map(tasks.place)
        #expect(
            places.map(\.split) == Array(repeating: 0, count: 12) + Array(repeating: 1, count: 12))
        #expect(places.prefix(12).map(\.image) == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
        #expect(places.map(\.block) == (0..<24).map { $0 % 4 })
    }

    @Test("a thread leaves a processor, and may come back to it")
    func leaves() async {
        let count = lanes_processor_count()
        for _ in 0..<20 {
            let processor = lanes_processor()
            lanes_leave_processor(processor)
            #expect(lanes_processor_count() == count)
        }
        lanes_leave_processor(-1)
        lanes_leave_processor(1 << 20)
        #expect(lanes_processor_count() == count)
    }

    @Test("many calls at once, with more helpers than cores")
    func manyCalls() {
        let sum = Atomic<Int>(0)
        ParallelTiles.run(8, threads: 8) { _, _ in
            for _ in 0..<2000 {
                ParallelTiles.run(3, threads: 5) { task, _ in sum.add(task, ordering: .relaxed) }
            }
        }
        #expect(sum.load(ordering: .relaxed) == 8 * 2000 * 3)
    }

    @Test("a worker runs one task at a time")
    func workers() {
        let busy = Mutex([Bool](repeating: false, count: 4))
        let clashes = Atomic<Int>(0)
        ParallelTiles.run(2000, threads: 4) { _, worker in
            let clash = busy.withLock { busy in
                defer { busy[worker] = true }
                return busy[worker]
            }
            if clash { clashes.add(1, ordering: .relaxed) }
            busy.withLock { $0[worker] = false }
        }
        #expect(clashes.load(ordering: .relaxed) == 0)
    }

    @Test("scratch is reused, and not shared while in use")
    func scratch() {
        let pool = ScratchPool(keptByteCount: 1 << 20)
        let first = pool.withScratch(byteCount: 1000) { $0 }
        let again = pool.withScratch(byteCount: 900) { outer in
            pool.withScratch(byteCount: 900) { inner in #expect(outer != inner) }
            return outer
        }
        #expect(first == again)
        pool.withScratch(byteCount: 2 << 20) { _ in }
        #expect(pool.freeByteCount <= 1 << 20)
    }
}
