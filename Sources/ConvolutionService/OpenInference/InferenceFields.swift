// SPDX-License-Identifier: Apache-2.0

/// The fields of an inference request.
enum InferenceField: Int, RequestField {
    case id, modelName, parameters, inputs, outputs

    var name: StaticString {
        switch self {
        case .id: "id"
        case .modelName: "model_name"
        case .parameters: "parameters"
        case .inputs: "inputs"
        case .outputs: "outputs"
        }
    }
}

/// The fields of one of its inputs or outputs.
enum InferenceTensorField: Int, RequestField {
    case name_, shape, datatype, parameters, data

    var name: StaticString {
        switch self {
        case .name_: "name"
        case .shape: "shape"
        case .datatype: "datatype"
        case .parameters: "parameters"
        case .data: "data"
        }
    }
}
