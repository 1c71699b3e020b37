"""The child process: llama.cpp's own HTTP server over the weights, on a random loopback port.

It is run as a program, reads its order as JSON from standard input (so the API key stands neither
in its arguments nor in its environment), and writes its address as one line of JSON once the model
is loaded. It then serves until it is ended.
"""

from __future__ import annotations

import json
import signal
import sys

import xllamacpp

# The model's own template puts a system prompt of its maker's in front where there is none; this
# one adds nothing, so a prompt is what the caller wrote.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
# Between two batches a cancelled request is noticed: at 2,048 it burns 10 s of processor first.
BATCH_TOKENS = 128
HTTP_THREADS = 4
QUIET = 1


def main() -> None:
    """Load the model, say where it answers, and serve."""
    order = json.load(sys.stdin)
    server = xllamacpp.Server(parameters(order))
    print(json.dumps({"address": server.listening_address}), flush=True)
    while True:
        signal.pause()


def parameters(order: dict[str, object]) -> xllamacpp.CommonParams:
    """One slot, no prompt cache beyond it, and nothing offered but answers."""
    wanted = xllamacpp.CommonParams()
    wanted.model.path = order["weights"]
    wanted.model_alias = {order["model"]}
    wanted.api_keys = [order["api_key"]]
    wanted.hostnames = ["127.0.0.1"]
    wanted.port = 0
    wanted.n_ctx = order["context_tokens"]
    wanted.n_batch = wanted.n_ubatch = BATCH_TOKENS
    wanted.n_parallel = 1
    wanted.n_gpu_layers = 0
    wanted.cpuparams.n_threads = order["threads"] or -1
    wanted.n_threads_http = HTTP_THREADS
    wanted.cache_ram_mib = 0
    wanted.use_jinja = True
    wanted.chat_template = CHAT_TEMPLATE
    wanted.ui = wanted.endpoint_slots = False
    wanted.verbosity = QUIET
    return wanted


if __name__ == "__main__":
    main()
