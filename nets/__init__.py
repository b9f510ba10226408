"""The networks: the MobileNet family, training, export, network tools and the onnxruntime evaluator.

Only ``model``, ``blocks``, ``training``, ``optim``, ``checkpoint`` and ``export`` import torch; an engine that
only plays needs ``ort`` and nothing else of this package.
"""
