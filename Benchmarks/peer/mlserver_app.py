# SPDX-License-Identifier: Apache-2.0
"""The peer's convolution as a model of MLServer, which speaks the Open Inference Protocol: JSON only, over HTTP.

compare_service.py starts it: python mlserver_app.py PORT
"""
import sys

import torch
import torch.nn.functional as F
import uvloop
from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse

torch.set_grad_enabled(False)


class Convolution(MLModel):
    async def predict(self, payload):
        tensors = {item.name: torch.from_numpy(NumpyCodec.decode_input(item)) for item in payload.inputs}
        output = F.conv2d(tensors["input"], tensors["weight"], padding=payload.parameters.padding)
        return InferenceResponse(
            model_name=self.name, outputs=[NumpyCodec.encode_output("output", output.numpy())])


async def serve(port):
    """In one process: with workers it answers half as many requests. gRPC cannot be turned off."""
    settings = Settings(
        host="127.0.0.1", http_port=port, grpc_port=0, parallel_workers=0, metrics_endpoint=None,
        gzip_enabled=False, debug=False, logging_settings={"version": 1, "disable_existing_loggers": False})
    await MLServer(settings).start([ModelSettings(name="conv2d", implementation=Convolution)])


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
