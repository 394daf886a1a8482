// SPDX-License-Identifier: Apache-2.0

import JSONText

/// What the server and its models say of themselves: OIP's metadata, Triton's configuration and index.
extension ConvolutionService {
    /// `GET /v2`
    var inferenceServer: JSONObjectText {
        var text = JSONObjectText()
        text.add("name", "convserve")
        text.add("version", Self.version)
        text.add(
            "extensions",
            [
                "binary_tensor_data", "parameters", "statistics", "model_configuration",
                "model_repository",
            ])
        return text
    }

    /// `GET /v2/models`
    static var inferenceModels: JSONObjectText {
        var text = JSONObjectText()
        text.add("models", InferenceModel.all.map(\.name))
        return text
    }

    /// `POST /v2/repository/index`
    static var repositoryIndex: String {
        let models = InferenceModel.all.map { model in
            var text = JSONObjectText()
            text.add("name", model.name)
            text.add("version", InferenceModel.version)
            text.add("state", "READY")
            text.add("reason", "")
            return text.text
        }
        return "[\(models.joined(separator: ","))]"
    }
}

extension InferenceModel {
    /// `GET /v2/models/{model}`
    var metadata: JSONObjectText {
        var text = JSONObjectText()
        text.add("name", name)
        text.add("versions", [Self.version])
        text.add("platform", Self.platform)
        text.add("inputs", inputs.map(\.metadata))
        text.add("outputs", outputs.map(\.metadata))
        return text
    }

    /// `GET /v2/models/{model}/config`
    var configuration: JSONObjectText {
        var text = JSONObjectText()
        text.add("name", name)
        text.add("platform", Self.platform)
        text.add("backend", Self.platform)
        text.add("max_batch_size", 0)
        text.add("input", inputs.map(\.configuration))
        text.add("output", outputs.map(\.configuration))
        return text
    }
}

extension InferenceModel.Port {
    /// Every size is variable; where the number of them is too, there is one.
    private var shape: [Int] { Array(repeating: -1, count: rank ?? 1) }

    fileprivate var metadata: JSONObjectText {
        var text = JSONObjectText()
        text.add("name", name.description)
        text.add("datatype", InferenceDatatype.fp32.rawValue)
        text.add("shape", shape)
        return text
    }

    fileprivate var configuration: JSONObjectText {
        var text = JSONObjectText()
        text.add("name", name.description)
        text.add("data_type", "TYPE_FP32")
        text.add("dims", shape)
        if isOptional { text.add("optional", true) }
        return text
    }
}
