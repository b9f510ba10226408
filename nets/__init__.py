"""The networks: the MobileNet family, training, export, quantisation and the onnxruntime evaluator.

An engine that only plays needs ``ort`` and nothing else of this package; what trains or exports needs torch and onnx.
"""
