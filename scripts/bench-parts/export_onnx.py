"""Writes a BERT token classifier as ONNX in fp32 and as int8, quantised per channel.

    export_onnx.py MODEL_FOLDER OUTPUT_FOLDER

The graph is what PyTorch's exporter makes of the same network after ONNX Runtime's optimiser has
fused it: attention, normalisation and activation as ONNX Runtime's own operators.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file


def export(folder: pathlib.Path, path: pathlib.Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    weights = {name: value.astype(np.float32) for name, value in load_file(folder / "model.safetensors").items()}
    heads = config["num_attention_heads"]
    nodes, constants = [], []

    def constant(name, value):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(kind, inputs, name, domain="", **attributes):
        nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def linear(x, weight, bias, name):
        product = node("MatMul", [x, constant(name + ".w", weight.T)], name + ".product")
        return node("Add", [product, constant(name + ".b", bias)], name)

    def norm(x, prefix, name):
        scale, bias = (constant(f"{name}.{part}", weights[f"{prefix}.{part}"]) for part in ("weight", "bias"))
        return node("LayerNormalization", [x, scale, bias], name, axis=-1, epsilon=1e-12)

    embeddings = "bert.embeddings."
    tables = {part: constant(part, weights[f"{embeddings}{part}_embeddings.weight"]) for part in ("word", "position", "token_type")}
    word = node("Gather", [tables["word"], "ids"], "words")
    kind = node("Gather", [tables["token_type"], "types"], "kinds")
    place = node("Gather", [tables["position"], "positions"], "places")
    x = norm(node("Add", [node("Add", [word, kind], "sum"), place], "embedded"), embeddings + "LayerNorm", "embeddings")
    for number in range(config["num_hidden_layers"]):
        at = f"bert.encoder.layer.{number}."
        own = at + "attention.self."
        weight = np.concatenate([weights[f"{own}{part}.weight"].T for part in ("query", "key", "value")], axis=1)
        bias = np.concatenate([weights[f"{own}{part}.bias"] for part in ("query", "key", "value")])
        attended = node("Attention", [x, constant(own + "w", weight), constant(own + "b", bias)], own + "out",
                        domain="com.microsoft", num_heads=heads)
        out = linear(attended, weights[at + "attention.output.dense.weight"], weights[at + "attention.output.dense.bias"], at + "attended")
        x = norm(node("Add", [x, out], at + "sum1"), at + "attention.output.LayerNorm", at + "norm1")
        wide = linear(x, weights[at + "intermediate.dense.weight"], weights[at + "intermediate.dense.bias"], at + "wide")
        wide = node("Gelu", [wide], at + "gelu", domain="com.microsoft")
        out = linear(wide, weights[at + "output.dense.weight"], weights[at + "output.dense.bias"], at + "narrow")
        x = norm(node("Add", [x, out], at + "sum2"), at + "output.LayerNorm", at + "norm2")
    linear(x, weights["classifier.weight"], weights["classifier.bias"], "logits")
    axes = ["batch", "tokens"]
    graph = helper.make_graph(
        nodes, "bert",
        [helper.make_tensor_value_info(name, TensorProto.INT64, axes) for name in ("ids", "types", "positions")],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [*axes, len(config["id2label"])])],
        constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)


def main() -> None:
    folder, output = (pathlib.Path(argument) for argument in sys.argv[1:3])
    output.mkdir(parents=True, exist_ok=True)
    export(folder, output / "fp32.onnx")
    quantize_dynamic(output / "fp32.onnx", output / "int8.onnx", per_channel=True, weight_type=QuantType.QInt8,
                     op_types_to_quantize=["MatMul", "Attention"],
                     extra_options={"DefaultTensorType": TensorProto.FLOAT})


main()
