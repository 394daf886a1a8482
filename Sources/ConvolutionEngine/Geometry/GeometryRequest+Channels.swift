// SPDX-License-Identifier: Apache-2.0

/// How the channels of input, weight and bias fit together.
extension GeometryRequest {
    /// The sizes that are not spatial, of all groups together.
    struct Channels {
        let batch: Int
        let groups: Int
        let input: Int
        let output: Int
    }

    func checkedChannels(_ form: ConvolutionGeometry.Form) throws(ConvolutionError) -> Channels {
        let batch = form == .batched ? input[0] : 1
        let inputChannels = form == .plain ? 1 : input[input.count - spatialRank - 1]
        try checkDivides("in_channels", inputChannels, "input shape \(input)")
        let outputChannels =
            try form == .plain
            ? 1 : checkedOutputChannels(inputChannels: inputChannels)
        try checkBias(form, outputChannels: outputChannels)
        return Channels(
            batch: batch, groups: options.groups, input: inputChannels, output: outputChannels)
    }

    private func checkedOutputChannels(inputChannels: Int) throws(ConvolutionError) -> Int {
        switch direction {
        case .forward:
            try checkDivides("out_channels", weight[0], "weight shape \(weight)")
            guard weight[1] == inputChannels / options.groups else {
                throw forwardChannelsError(inputChannels)
            }
            return weight[0]
        case .transposed:
            guard weight[0] == inputChannels else { throw transposedChannelsError(inputChannels) }
            guard let total = SizeLimit.product([weight[1], options.groups]) else {
                throw groupsTooLargeError()
            }
            return total
        }
    }

    private func checkDivides(
        _ name: String, _ channels: Int, _ source: @autoclosure () -> String
    ) throws(ConvolutionError) {
        guard channels % options.groups == 0 else {
            throw .invalid(
                field: "groups",
                reason: "groups is \(options.groups), which does not divide \(name) \(channels) "
                    + "(\(source())); use "
                    + (channels == 1 ? "1" : "a divisor of \(channels)"))
        }
    }

    private func forwardChannelsError(_ channels: Int) -> ConvolutionError {
        let wanted = [weight[0], channels / options.groups] + kernelSizes
        return .invalid(
            field: "weight",
            reason: "weight shape \(weight) in \(weightLayout) has "
                + "\(Spelling.count(weight[1], "input channel")) per group, but the input has \(channels) (input shape \(input)) in "
                + "\(Spelling.count(options.groups, "group")); send a weight of shape \(wanted), or "
                + "\(weight[1] * options.groups) input channels" + groupsHint(channels))
    }

    /// The group count for which this weight would fit, where there is one.
    private func groupsHint(_ channels: Int) -> String {
        guard weight[1] > 0, channels > 0, channels % weight[1] == 0 else { return "" }
        let fitting = channels / weight[1]
        return weight[0] % fitting == 0 ? ", or set groups to \(fitting)" : ""
    }

    private func transposedChannelsError(_ channels: Int) -> ConvolutionError {
        let isForwardWeight = weight[1] == channels / options.groups
        return .invalid(
            field: "weight",
            reason: "weight shape \(weight) in \(weightLayout) has "
                + "\(Spelling.count(weight[0], "input channel")), but the input has \(channels) (input shape \(input)); "
                + (isForwardWeight
                    ? "swap its first two dimensions: a transposed convolution has C_in first"
                    : "send a weight of shape \([channels] + weight.dropFirst())"))
    }

    private func groupsTooLargeError() -> ConvolutionError {
        .invalid(
            field: "groups",
            reason:
                "groups is \(options.groups), which with weight shape \(weight) gives more than "
                + "\(SizeLimit.spelled) output channels; use fewer groups")
    }

    private func checkBias(
        _ form: ConvolutionGeometry.Form, outputChannels: Int
    ) throws(ConvolutionError) {
        guard let bias, bias != [outputChannels], !(form == .plain && bias.isEmpty) else { return }
        throw .invalid(
            field: "bias",
            reason:
                "bias shape is \(Spelling.list(bias)); it must be [\(outputChannels)], one element for each "
                + "output channel of weight shape \(weight): send that, or no bias")
    }
}
