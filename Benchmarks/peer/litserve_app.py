# SPDX-License-Identifier: Apache-2.0
"""The peer's convolution behind LitServe. compare_service.py starts it: python litserve_app.py PORT"""
import sys

import litserve
import torch
import torch.nn.functional as F

from app import spelled, tensor


class Convolution(litserve.LitAPI):
    def setup(self, device):
        torch.set_grad_enabled(False)

    def decode_request(self, request):
        return request

    def predict(self, body):
        output = F.conv2d(tensor(body["input"]), tensor(body["weight"]), padding=body.get("padding", 0))
        return spelled(output, body["input"])

    def encode_response(self, output):
        return {"output": output}


if __name__ == "__main__":
    server = litserve.LitServer(Convolution(api_path="/v1/conv2d"), accelerator="cpu")
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="warning")
