"""ONNX Runtime on the same model: reads token counts, a line each, answers milliseconds.

    onnx_peer.py MODEL.onnx THREADS
"""

import sys
import time

import numpy as np
import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(sys.argv[2])
session = onnxruntime.InferenceSession(sys.argv[1], options)
for line in sys.stdin:
    count = int(line)
    ids = (np.arange(count) * 7919 % 19000 + 100)[None]
    feed = {"ids": ids, "types": np.zeros_like(ids), "positions": np.arange(count)[None]}
    start, cpu = time.perf_counter(), time.process_time()
    session.run(None, feed)
    print(1000 * (time.perf_counter() - start), 1000 * (time.process_time() - cpu), flush=True)
