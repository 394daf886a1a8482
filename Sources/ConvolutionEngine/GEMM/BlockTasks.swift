// SPDX-License-Identifier: Apache-2.0

/// The tasks of products whose pixels are cut into blocks and whose output channels into splits: split by split, so that
/// a core, which goes through neighbouring tasks, keeps the weights of a split in its cache.
package struct BlockTasks: Sendable {
    /// Independent products: images x groups.
    package let images: Int
    package let blocks, splits: Int

    package init(images: Int, blocks: Int, splits: Int) {
        (self.images, self.blocks, self.splits) = (images, blocks, splits)
    }

    package var count: Int { splits * images * blocks }

    /// What a task computes.
    package func place(_ task: Int) -> (image: Int, block: Int, split: Int) {
        (task / blocks % images, task % blocks, task / blocks / images)
    }
}
