#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A tour by curl: make run, then bash Examples/curl.sh
set -euo pipefail
URL=${CONVSERVE_URL:-http://127.0.0.1:8080}

call() { # call OPERATION BODY
    printf '\n%s %s\n' "$1" "$2"
    curl -sS "$URL/v1/$1" -H 'Content-Type: application/json' -d "$2"
}

# One channel, no batch: numbers as they stand on paper.
call conv2d '{"input": [[1, 2, 3], [4, 5, 6], [7, 8, 9]], "weight": [[1, 0], [0, -1]]}'

# PyTorch's shapes and arguments.
call conv2d '{"input": [[[[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]]]],
  "weight": [[[[1, 0, -1], [2, 0, -2], [1, 0, -1]]]], "padding": "same"}'

# A flat array with its shape; the reply has the spelling of the request.
call conv1d '{"input": {"shape": [1, 1, 5], "data": [1, 2, 4, 7, 11]}, "weight": [[[1, 0, -1]]], "padding": 1}'

# Twice the size.
call conv_transpose2d '{"input": [[1, 2], [3, 4]], "weight": [[1, 1], [1, 1]], "stride": 2}'

# Three branches of a RepVGG block as one convolution, compared with their sum.
call fuse/repvgg '{"branches": [{"kind": "conv", "weight": [[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]], "bias": [1]},
  {"kind": "conv", "weight": [[[[10]]]], "bias": [2]}, {"kind": "identity"}], "verify": true}'

# What a layer gives and costs, without its data.
call shape '{"operation": "conv2d", "input": [1, 3, 224, 224], "weight": [64, 3, 7, 7], "stride": 2, "padding": 3}'

# A mistake, and what is said about it.
call conv2d '{"input": {"shape": [1, 4, 1, 1], "data": [1, 2, 3, 4]},
  "weight": {"shape": [3, 1, 1, 1], "data": [1, 1, 1]}, "groups": 3}'
