# SPDX-License-Identifier: Apache-2.0
"""Networks that have two forms, as they are trained and as they are deployed, written from their papers with the state-dict names
of their authors' code:

    RepVGG (Ding et al. 2021), MobileOne (Vasu et al. 2022), ACNet (Ding et al. 2019), Diverse Branch Blocks (Ding et al. 2021),
    RepLKNet (Ding et al. 2022), UniRepLKNet's dilated blocks (Ding et al. 2023); RepVGG and MobileOne also as timm names them.

The form that is deployed is made by `deploy=True`; it says only which tensors there are, their values come from a file. And
ResNet, MobileNetV2 and EfficientNet's blocks, where convolutions have norms behind them, as torchvision and timm name them.
"""
import copy

import torch
import torch.nn.functional as F
from torch import nn


def named(**modules):
    """An nn.Sequential whose members have names."""
    sequence = nn.Sequential()
    for name, module in modules.items():
        sequence.add_module(name, module)
    return sequence


def conv(inputs, outputs, kernel, stride=1, groups=1, bias=False, dilation=1):
    """A convolution that keeps the size, but for its stride."""
    padding = dilation * (kernel - 1) // 2
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias)


def conv_bn(inputs, outputs, kernel, stride=1, groups=1):
    return named(conv=conv(inputs, outputs, kernel, stride, groups), bn=nn.BatchNorm2d(outputs))


def conv_bn_relu(*shape, **options):
    return named(**dict(conv_bn(*shape, **options).named_children()), nonlinear=nn.ReLU())


class SqueezeExcite(nn.Module):
    """Scales each channel by what a small network makes of all their means; never part of a convolution."""

    def __init__(self, channels, inner, *names):
        super().__init__()
        self.names = names
        self.add_module(names[0], nn.Conv2d(channels, inner, 1))
        self.add_module(names[1], nn.Conv2d(inner, channels, 1))

    def forward(self, x):
        narrow, widen = (getattr(self, name) for name in self.names)
        return x * torch.sigmoid(widen(F.relu(narrow(x.mean((2, 3), keepdim=True)))))


# What authors call a block's identity, k×k, 1×1, the one convolution, the squeeze-and-excitation and its two layers.
NAMES = {
    "repvgg": ("rbr_identity", "rbr_dense", "rbr_1x1", "rbr_reparam", "se", "down", "up"),
    "mobileone": ("rbr_skip", "rbr_conv", "rbr_scale", "reparam_conv", "se", "reduce", "expand"),
    "timm_repvgg": ("identity", "conv_kxk", "conv_1x1", "reparam_conv", "attn", "fc1", "fc2"),
    "timm_mobileone": ("identity", "conv_kxk", "conv_scale", "reparam_conv", "attn", "fc1", "fc2"),
}


class BranchBlock(nn.Module):
    """RepVGG's and MobileOne's: k×k (MobileOne has several), 1×1 and identity, each with its norm, are added."""

    def __init__(self, family, inputs, outputs, kernel=3, stride=1, groups=1, convs=1, se=False, deploy=False):
        super().__init__()
        identity, dense, point, reparam, excite, *layers = NAMES[family]
        shape = (inputs, outputs, kernel, stride, groups)
        if deploy:
            self.add_module(reparam, conv(*shape, bias=True))
        else:
            if inputs == outputs and stride == 1:
                self.add_module(identity, nn.BatchNorm2d(inputs))
            several = nn.ModuleList(conv_bn(*shape) for _ in range(convs))
            self.add_module(dense, several if family.endswith("mobileone") else several[0])
            if kernel > 1:
                self.add_module(point, conv_bn(inputs, outputs, 1, stride, groups))
        self.excite = excite
        self.add_module(excite, SqueezeExcite(outputs, outputs // 16, *layers) if se else nn.Identity())

    def forward(self, x):
        total = 0
        for name, branch in self.named_children():
            if name != self.excite:
                for layer in branch if isinstance(branch, nn.ModuleList) else [branch]:
                    total = total + layer(x)
        return F.relu(getattr(self, self.excite)(total))


class Classifier(nn.Module):
    """stage0 ... stage4, the mean of each channel, `linear`."""

    def forward(self, x):
        for stage in range(5):
            x = getattr(self, f"stage{stage}")(x)
        return self.linear(x.mean((2, 3)))


class RepVGG(Classifier):
    """`groups` are those of every second layer."""

    def __init__(self, depths, widths, groups=1, use_se=False, deploy=False):
        super().__init__()
        options, place = {"se": use_se, "deploy": deploy}, 0
        inputs = min(64, int(64 * widths[0]))
        self.stage0 = BranchBlock("repvgg", 3, inputs, stride=2, **options)
        for stage, (depth, width) in enumerate(zip(depths, widths), 1):
            blocks, outputs = [], int(32 * 2**stage * width)
            for block in range(depth):
                place += 1
                every = groups if place % 2 == 0 else 1
                blocks.append(BranchBlock("repvgg", inputs, outputs, 3, 1 if block else 2, every, **options))
                inputs = outputs
            setattr(self, f"stage{stage}", nn.Sequential(*blocks))
        self.linear = nn.Linear(inputs, 1000)


class MobileOne(Classifier):
    """Depthwise 3×3 blocks and 1×1 blocks, alternating; `se` in the last half of stage 3 and in stage 4."""

    def __init__(self, widths, convs=1, use_se=False, deploy=False):
        super().__init__()
        inputs = min(64, int(64 * widths[0]))
        self.stage0 = BranchBlock("mobileone", 3, inputs, stride=2, deploy=deploy)
        for stage, (depth, width) in enumerate(zip([2, 8, 10, 1], widths), 1):
            blocks, outputs = [], int(32 * 2**stage * width)
            for block in range(depth):
                options = {"convs": convs, "deploy": deploy, "se": use_se and (stage == 4 or (stage == 3 and block >= depth // 2))}
                blocks.append(BranchBlock("mobileone", inputs, inputs, 3, 1 if block else 2, groups=inputs, **options))
                blocks.append(BranchBlock("mobileone", inputs, outputs, 1, **options))
                inputs = outputs
            setattr(self, f"stage{stage}", nn.Sequential(*blocks))
        self.linear = nn.Linear(inputs, 1000)


class TimmNet(nn.Module):
    """timm's places: stem, stages.S.B, head.fc."""

    def __init__(self, stem, stages, channels):
        super().__init__()
        self.stem = stem
        self.stages = nn.Sequential(*(nn.Sequential(*blocks) for blocks in stages))
        self.head = named(fc=nn.Linear(channels, 100))

    def forward(self, x):
        return self.head(self.stages(self.stem(x)).mean((2, 3)))


def timm_repvgg(deploy=False):
    def block(*shape, **options):
        return BranchBlock("timm_repvgg", *shape, deploy=deploy, **options)
    return TimmNet(block(3, 16, 3, 2), [
        [block(16, 32, 3, 2), block(32, 32, groups=4), block(32, 32)],
        [block(32, 48, 3, 2, groups=2, se=True), block(48, 48, se=True)]], 48)


def timm_mobileone(deploy=False):
    def block(*shape, **options):
        return BranchBlock("timm_mobileone", *shape, deploy=deploy, **options)
    return TimmNet(block(3, 16, 3, 2), [
        [block(16, 16, 3, 2, groups=16, convs=4), block(16, 32, 1, convs=4), block(32, 32, 3, groups=32, convs=4),
         block(32, 32, 1, convs=4)],
        [block(32, 32, 3, 2, groups=32, se=True), block(32, 64, 1, se=True), block(64, 64, 7, groups=64)]], 64)


class ACBlock(nn.Module):
    """A square kernel, one of its column's shape and one of its row's; ACNet's.

    Padding less than half of the kernel would be negative across the narrow ones, so they see a part of the input.
    """

    def __init__(self, inputs, outputs, kernel, stride=1, padding=None, groups=1, deploy=False):
        super().__init__()
        half = kernel // 2
        padding = half if padding is None else padding
        if deploy:
            self.fused_conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups)
            return
        across = max(padding - half, 0)
        self.crop = max(half - padding, 0)
        options = {"stride": stride, "groups": groups, "bias": False}
        self.square_conv = nn.Conv2d(inputs, outputs, kernel, padding=padding, **options)
        self.square_bn = nn.BatchNorm2d(outputs)
        self.ver_conv = nn.Conv2d(inputs, outputs, (kernel, 1), padding=(padding, across), **options)
        self.hor_conv = nn.Conv2d(inputs, outputs, (1, kernel), padding=(across, padding), **options)
        self.ver_bn, self.hor_bn = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)

    def forward(self, x):
        if hasattr(self, "fused_conv"):
            return self.fused_conv(x)
        inside = slice(self.crop, -self.crop or None)
        columns, rows = self.ver_conv(x[..., inside]), self.hor_conv(x[..., inside, :])
        return self.square_bn(self.square_conv(x)) + self.ver_bn(columns) + self.hor_bn(rows)


class ACNet(nn.Module):
    """Square kernels in blocks named `acb`; 1×1 layers are ordinary pairs, which this network keeps when it is deployed."""

    def __init__(self, deploy=False):
        super().__init__()

        def block(*shape, **options):
            return named(acb=ACBlock(*shape, deploy=deploy, **options), relu=nn.ReLU())

        self.stem = block(3, 16, 3, stride=2)
        self.body = nn.Sequential(
            block(16, 24, 5), block(24, 24, 3, groups=4), conv_bn_relu(24, 32, 1),
            block(32, 32, 3, stride=2, groups=32), block(32, 40, 5, stride=2, padding=1), block(40, 48, 3, padding=2))
        self.linear = nn.Linear(48, 100)

    def forward(self, x):
        return self.linear(self.body(self.stem(x)).mean((2, 3)))


class IdentityConv(nn.Conv2d):
    """1×1; its weight is what is added to the identity."""

    def __init__(self, channels, groups):
        super().__init__(channels, channels, 1, groups=groups, bias=False)

    def forward(self, x):
        return x + super().forward(x)


class BorderedNorm(nn.Module):
    """A batch norm, and around its output a border of what it makes of zeros."""

    def __init__(self, channels, border):
        super().__init__()
        self.bn, self.border = nn.BatchNorm2d(channels), border

    def forward(self, x):
        return self.bn(F.pad(x, [self.border] * 4))


class DiverseBranchBlock(nn.Module):
    """k×k, 1×1, 1×1 then k×k, 1×1 then a mean; `inner` channels are between the 1×1 and the k×k."""

    def __init__(self, inputs, outputs, kernel=3, stride=1, groups=1, inner=None, relu=True, deploy=False):
        super().__init__()
        self.finish = nn.ReLU() if relu else nn.Identity()
        if deploy:
            self.dbb_reparam = conv(inputs, outputs, kernel, stride, groups, bias=True)
            return
        half, depthwise = kernel // 2, groups == outputs
        inner = inner or (2 * inputs if depthwise else inputs)
        self.dbb_origin = conv_bn(inputs, outputs, kernel, stride, groups)
        if depthwise:
            self.dbb_avg = named(avg=nn.AvgPool2d(kernel, stride, half), avgbn=nn.BatchNorm2d(outputs))
        else:
            self.dbb_avg = named(conv=conv(inputs, outputs, 1, groups=groups), bn=BorderedNorm(outputs, half),
                                 avg=nn.AvgPool2d(kernel, stride), avgbn=nn.BatchNorm2d(outputs))
            self.dbb_1x1 = conv_bn(inputs, outputs, 1, stride, groups)
        first = ({"idconv1": IdentityConv(inputs, groups)} if inner == inputs
                 else {"conv1": conv(inputs, inner, 1, groups=groups)})
        self.dbb_1x1_kxk = named(
            **first, bn1=BorderedNorm(inner, half),
            conv2=nn.Conv2d(inner, outputs, kernel, stride, groups=groups, bias=False), bn2=nn.BatchNorm2d(outputs))

    def forward(self, x):
        branches = [module for name, module in self.named_children() if name.startswith("dbb_")]
        return self.finish(sum(branch(x) for branch in branches))


class FoldedPair(nn.Module):
    """A convolution and its batch norm, one convolution when deployed; then ReLU or not."""

    def __init__(self, inputs, outputs, kernel, stride=1, relu=True, deploy=False):
        super().__init__()
        self.conv = conv(inputs, outputs, kernel, stride, bias=deploy)
        self.bn = nn.Identity() if deploy else nn.BatchNorm2d(outputs)
        self.finish = nn.ReLU() if relu else nn.Identity()

    def forward(self, x):
        return self.finish(self.bn(self.conv(x)))


class DBBResidual(nn.Module):
    """ResNet's basic block of two DBBs."""

    def __init__(self, inputs, outputs, stride=1, deploy=False, **options):
        super().__init__()
        changes = stride != 1 or inputs != outputs
        self.shortcut = FoldedPair(inputs, outputs, 1, stride, relu=False, deploy=deploy) if changes else nn.Identity()
        self.conv1 = DiverseBranchBlock(inputs, outputs, stride=stride, deploy=deploy, **options)
        self.conv2 = DiverseBranchBlock(outputs, outputs, relu=False, deploy=deploy, **options)

    def forward(self, x):
        return F.relu(self.conv2(self.conv1(x)) + self.shortcut(x))


class DBBNet(Classifier):
    """A small ResNet of DBBs: plain, in 2 groups, of other widths inside, depthwise, 5×5."""

    def __init__(self, deploy=False):
        super().__init__()
        each = {"deploy": deploy}
        self.stage0 = named(conv1=FoldedPair(3, 16, 7, 2, **each))
        self.stage1 = nn.Sequential(DBBResidual(16, 16, **each), DBBResidual(16, 16, inner=24, **each))
        self.stage2 = nn.Sequential(DBBResidual(16, 24, 2, groups=2, **each), DBBResidual(24, 24, groups=2, inner=40, **each))
        self.stage3 = nn.Sequential(
            DiverseBranchBlock(24, 24, stride=2, groups=24, **each), FoldedPair(24, 32, 1, **each),
            DiverseBranchBlock(32, 32, groups=32, inner=32, **each), FoldedPair(32, 32, 1, **each))
        self.stage4 = nn.Sequential(DiverseBranchBlock(32, 48, 5, **each))
        self.linear = nn.Linear(48, 100)


class LargeKernel(nn.Module):
    """RepLKNet's depthwise layer: a large kernel and, if any, a small one beside it."""

    def __init__(self, channels, large, small, deploy):
        super().__init__()
        if deploy:
            self.lkb_reparam = conv(channels, channels, large, groups=channels, bias=True)
            return
        self.lkb_origin = conv_bn(channels, channels, large, groups=channels)
        if small:
            self.small_conv = conv_bn(channels, channels, small, groups=channels)

    def forward(self, x):
        return sum(branch(x) for branch in self.children())


class RepLKBlock(nn.Module):
    """A norm, 1×1, the large kernel, 1×1. The pairs stay pairs when it is deployed."""

    def __init__(self, channels, large, small, deploy):
        super().__init__()
        self.prelkb_bn = nn.BatchNorm2d(channels)
        self.pw1, self.pw2 = conv_bn_relu(channels, channels, 1), conv_bn(channels, channels, 1)
        self.large_kernel = LargeKernel(channels, large, small, deploy)

    def forward(self, x):
        return x + self.pw2(F.relu(self.large_kernel(self.pw1(self.prelkb_bn(x)))))


class ConvFFN(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.preffn_bn = nn.BatchNorm2d(channels)
        self.pw1, self.pw2 = conv_bn(channels, 4 * channels, 1), conv_bn(4 * channels, channels, 1)

    def forward(self, x):
        return x + self.pw2(F.gelu(self.pw1(self.preffn_bn(x))))


class RepLKNet(nn.Module):
    def __init__(self, deploy=False):
        super().__init__()
        self.stem = nn.Sequential(conv_bn_relu(3, 16, 3, stride=2), conv_bn_relu(16, 16, 3, groups=16),
                                  conv_bn_relu(16, 16, 1), conv_bn_relu(16, 16, 3, stride=2, groups=16))
        self.stages = nn.Sequential(*(
            named(blocks=nn.Sequential(*(block for large, small in kernels
                                         for block in (RepLKBlock(channels, large, small, deploy), ConvFFN(channels)))))
            for channels, kernels in [(16, [(31, 5), (13, None)]), (32, [(27, 5), (13, 7)])]))
        self.transitions = nn.Sequential(nn.Sequential(conv_bn_relu(16, 32, 1), conv_bn_relu(32, 32, 3, stride=2, groups=32)))
        self.norm = nn.BatchNorm2d(32)
        self.head = nn.Linear(32, 100)

    def forward(self, x):
        x = self.transitions(self.stages[0](self.stem(x)))
        return self.head(self.norm(self.stages[1](x)).mean((2, 3)))


class DilatedReparamBlock(nn.Module):
    """A large depthwise kernel beside dilated ones; UniRepLKNet's. How far they are dilated only their names tell."""

    BESIDE = {5: [(3, 1), (3, 2)], 7: [(5, 1), (3, 2), (3, 3)], 9: [(5, 1), (5, 2), (3, 3), (3, 4)],
              11: [(5, 1), (5, 2), (3, 3), (3, 4), (3, 5)], 13: [(5, 1), (7, 2), (3, 3), (3, 4), (3, 5)],
              15: [(5, 1), (7, 2), (3, 3), (3, 5), (3, 7)], 17: [(5, 1), (9, 2), (3, 4), (3, 5), (3, 7)]}

    def __init__(self, channels, kernel, deploy=False):
        super().__init__()
        self.lk_origin = conv(channels, channels, kernel, groups=channels, bias=deploy)
        self.beside = [] if deploy else self.BESIDE[kernel]
        if deploy:
            return
        self.origin_bn = nn.BatchNorm2d(channels)
        for size, dilation in self.beside:
            self.add_module(f"dil_conv_k{size}_{dilation}", conv(channels, channels, size, groups=channels, dilation=dilation))
            self.add_module(f"dil_bn_k{size}_{dilation}", nn.BatchNorm2d(channels))

    def forward(self, x):
        y = self.lk_origin(x)
        if not self.beside:
            return y
        places = [f"k{size}_{dilation}" for size, dilation in self.beside]
        return self.origin_bn(y) + sum(
            getattr(self, f"dil_bn_{place}")(getattr(self, f"dil_conv_{place}")(x)) for place in places)


class UniRepLKBlock(nn.Module):
    """The dilated block, its norm, `se`, two linear layers on channels. Only the dilated block is another one when deployed."""

    def __init__(self, channels, kernel, deploy):
        super().__init__()
        self.dwconv = DilatedReparamBlock(channels, kernel, deploy)
        self.norm = nn.BatchNorm2d(channels)
        self.se = SqueezeExcite(channels, channels // 4, "down", "up")
        self.pwconv1 = nn.Sequential(nn.Identity(), nn.Linear(channels, 4 * channels))
        self.pwconv2 = nn.Sequential(nn.Linear(4 * channels, channels, bias=False), nn.Identity(), nn.BatchNorm2d(channels))
        self.gamma = nn.Parameter(torch.ones(channels))

    def forward(self, x):
        y = self.pwconv1(self.se(self.norm(self.dwconv(x))).permute(0, 2, 3, 1))
        y = self.pwconv2[2](self.pwconv2[0](F.gelu(y)).permute(0, 3, 1, 2))
        return x + self.gamma.view(1, -1, 1, 1) * y


class UniRepLKNet(nn.Module):
    """One block of each size of kernel."""

    def __init__(self, deploy=False):
        super().__init__()
        self.downsample_layers = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.GELU(), nn.Conv2d(16, 16, 3, 2, 1))
        self.stages = nn.Sequential(*(UniRepLKBlock(16, kernel, deploy) for kernel in DilatedReparamBlock.BESIDE))
        self.norm, self.head = nn.LayerNorm(16), nn.Linear(16, 100)

    def forward(self, x):
        return self.head(self.norm(self.stages(self.downsample_layers(x)).mean((2, 3))))


class TimmBlock(nn.Module):
    """EfficientNet's blocks as timm names them: `order` are the convolutions, and the n-th of them is before bn<n>."""

    KERNEL = {"conv_pw": 1, "conv_dw": 3, "conv_pwl": 1, "conv_exp": 3}

    def __init__(self, inputs, inner, outputs, order, stride=1):
        super().__init__()
        self.order, self.keeps = order, inputs == outputs and stride == 1
        widths = [inputs] + [inner] * (len(order) - 1) + [outputs]
        strided = "conv_dw" if "conv_dw" in order else "conv_exp"
        for place, (name, a, b) in enumerate(zip(order, widths, widths[1:]), 1):
            groups = a if name == "conv_dw" else 1
            self.add_module(name, conv(a, b, self.KERNEL[name], stride if name == strided else 1, groups))
            self.add_module(f"bn{place}", nn.BatchNorm2d(b))
        self.se = SqueezeExcite(inner, inner // 4, "conv_reduce", "conv_expand")

    def forward(self, x):
        y = x
        for place, name in enumerate(self.order, 1):
            if place == len(self.order):
                y = self.se(y)
            y = getattr(self, f"bn{place}")(getattr(self, name)(y))
            if place < len(self.order):
                y = F.silu(y)
        return x + y if self.keeps else y


class TimmEfficientNet(nn.Module):
    """In an inverted residual bn1 is behind conv_pw, in a separable layer behind conv_dw; their channels are as many."""

    def __init__(self):
        super().__init__()
        self.conv_stem, self.bn1 = conv(3, 16, 3, 2), nn.BatchNorm2d(16)
        inverted, separable, edge = ("conv_pw", "conv_dw", "conv_pwl"), ("conv_dw", "conv_pw"), ("conv_exp", "conv_pwl")
        self.blocks = nn.Sequential(
            nn.Sequential(TimmBlock(16, 16, 16, separable)),
            nn.Sequential(TimmBlock(16, 64, 24, inverted, 2), TimmBlock(24, 24, 24, inverted)),
            nn.Sequential(TimmBlock(24, 72, 32, edge, 2), TimmBlock(32, 96, 32, inverted)))
        self.conv_head, self.bn2 = conv(32, 64, 1), nn.BatchNorm2d(64)
        self.classifier = nn.Linear(64, 100)

    def forward(self, x):
        x = self.blocks(F.silu(self.bn1(self.conv_stem(x))))
        return self.classifier(F.silu(self.bn2(self.conv_head(x))).mean((2, 3)))


class Residual(nn.Module):
    """ResNet's blocks as torchvision names them: two 3×3, or 1×1, 3×3 with the stride, 1×1."""

    def __init__(self, inputs, widths, stride):
        super().__init__()
        kernels, strided = ((3, 3), 1) if len(widths) == 2 else ((1, 3, 1), 2)
        self.count = len(kernels)
        for place, (kernel, a, b) in enumerate(zip(kernels, [inputs, *widths], widths), 1):
            self.add_module(f"conv{place}", conv(a, b, kernel, stride if place == strided else 1))
            self.add_module(f"bn{place}", nn.BatchNorm2d(b))
        if stride != 1 or inputs != widths[-1]:
            self.downsample = nn.Sequential(conv(inputs, widths[-1], 1, stride), nn.BatchNorm2d(widths[-1]))

    def forward(self, x):
        y = x
        for place in range(1, self.count + 1):
            y = getattr(self, f"bn{place}")(getattr(self, f"conv{place}")(F.relu(y) if place > 1 else y))
        return F.relu(y + (self.downsample(x) if hasattr(self, "downsample") else x))


class ResNet(nn.Module):
    def __init__(self, depths, bottleneck):
        super().__init__()
        self.conv1, self.bn1 = conv(3, 64, 7, 2), nn.BatchNorm2d(64)
        inputs = 64
        for stage, depth in enumerate(depths):
            width, blocks = 64 << stage, []
            widths = [width, width, 4 * width] if bottleneck else [width, width]
            for block in range(depth):
                blocks.append(Residual(inputs, widths, 2 if stage and not block else 1))
                inputs = widths[-1]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(inputs, 1000)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        return self.fc(self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean((2, 3)))


class Inverted(nn.Module):
    """MobileNetV2's block as torchvision names it: members 0, 1, 2 and 3 of `conv`, without the first if nothing is expanded."""

    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        inner = inputs * expansion
        expand = [numbered(inputs, inner, 1)] if expansion > 1 else []
        self.conv = nn.Sequential(*expand, numbered(inner, inner, 3, stride, inner),
                                  conv(inner, outputs, 1), nn.BatchNorm2d(outputs))
        self.keeps = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.conv(x) if self.keeps else self.conv(x)


def numbered(*shape):
    """A convolution, its norm and ReLU6, with their places for names."""
    return nn.Sequential(conv(*shape), nn.BatchNorm2d(shape[1]), nn.ReLU6())


class MobileNetV2(nn.Module):
    STAGES = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]

    def __init__(self):
        super().__init__()
        features, inputs = [numbered(3, 32, 3, 2)], 32
        for expansion, outputs, depth, stride in self.STAGES:
            for block in range(depth):
                features.append(Inverted(inputs, outputs, 1 if block else stride, expansion))
                inputs = outputs
        self.features = nn.Sequential(*features, numbered(320, 1280, 1))
        self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(1280, 1000))

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


# What has ordinary pairs only; its deploy form is `folded`.
PLAIN = {
    "resnet18": lambda: ResNet([2, 2, 2, 2], bottleneck=False),
    "resnet50": lambda: ResNet([3, 4, 6, 3], bottleneck=True),
    "mobilenet_v2": MobileNetV2,
    "timm_efficientnet": TimmEfficientNet,
}
A, B, MOBILE = (2, 4, 14, 1), (4, 6, 16, 1), ([0.75, 1, 1, 2], [3, 3.5, 3.5, 4])
NETWORKS = {
    "repvgg_a0": lambda deploy: RepVGG(A, [0.75, 0.75, 0.75, 2.5], deploy=deploy),
    "repvgg_a0_se": lambda deploy: RepVGG(A, [0.75, 0.75, 0.75, 2.5], use_se=True, deploy=deploy),
    "repvgg_b1": lambda deploy: RepVGG(B, [2, 2, 2, 4], deploy=deploy),
    "repvgg_b1g2": lambda deploy: RepVGG(B, [2, 2, 2, 4], groups=2, deploy=deploy),
    "repvgg_b1g4": lambda deploy: RepVGG(B, [2, 2, 2, 4], groups=4, deploy=deploy),
    "mobileone_s0": lambda deploy: MobileOne(MOBILE[0], convs=4, deploy=deploy),
    "mobileone_s4": lambda deploy: MobileOne(MOBILE[1], use_se=True, deploy=deploy),
    "dbb": DBBNet,
    "acnet": ACNet,
    "replknet": RepLKNet,
    "unireplknet": UniRepLKNet,
    "timm_repvgg": timm_repvgg,
    "timm_mobileone": timm_mobileone,
}


LAYERS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def folded(model):
    """The structure of a model whose batch norms went into the layers before them, which have a bias then.

    A norm belongs to the layer that was defined just before it in the same module, as it is in torchvision's models; another
    norm stays.
    """
    model, before = copy.deepcopy(model), ("", None)
    for name, module in list(model.named_modules()):
        parent = name.rpartition(".")[0]
        if isinstance(module, LAYERS):
            before = parent, module
        elif isinstance(module, NORMS) and before[0] == parent and before[1]:
            put_into(model, name, before[1])
            before = "", None
    return model


def put_into(model, norm, layer):
    """The norm's place becomes empty, the layer before it gets a bias."""
    parent, _, child = norm.rpartition(".")
    channels = model.get_submodule(norm).num_features
    setattr(model.get_submodule(parent), child, nn.Identity())
    layer.bias = nn.Parameter(torch.zeros(channels, dtype=layer.weight.dtype))


@torch.no_grad()
def randomise(model, seed=0, probe=None):
    """Weights as He et al. draw them, statistics that are none of the defaults; in evaluation mode.

    The probe (an image unless another is given) goes through, and each layer is scaled so that its outputs have a root mean
    square of 1 there: no depth lets the logits vanish or explode.
    """
    generator = torch.Generator().manual_seed(seed)

    def between(tensor, low, high):
        tensor.copy_(torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype) * (high - low) + low)

    def normalise(layer, _, output):
        scale = output.square().mean().sqrt()
        for tensor in layer.parameters():
            tensor.div_(scale)
        return output / scale

    hooks = []
    for module in model.eval().modules():
        if isinstance(module, LAYERS + TRANSPOSED):
            deviation = (2 / module.weight[0].numel()) ** 0.5
            module.weight.copy_(torch.randn(module.weight.shape, generator=generator, dtype=module.weight.dtype) * deviation)
            if module.bias is not None:
                between(module.bias, -0.5, 0.5)
            if not isinstance(module, IdentityConv):
                hooks.append(module.register_forward_hook(normalise))
        elif isinstance(module, NORMS):
            if module.weight is not None:
                between(module.weight, 0.5, 1.5)
            if module.bias is not None:
                between(module.bias, -0.5, 0.5)
            if module.track_running_stats:
                between(module.running_mean, -0.5, 0.5)
                between(module.running_var, 0.5, 2)
                module.num_batches_tracked.fill_(1000)
    model(image(seed=seed, dtype=next(model.parameters()).dtype) if probe is None else probe)
    for hook in hooks:
        hook.remove()
    return model


def image(size=64, seed=0, dtype=torch.float32):
    """Noise that every network takes."""
    return torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(seed + 1), dtype=dtype)
