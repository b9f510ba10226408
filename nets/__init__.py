"""The MobileNet family, its training and export, and the onnxruntime evaluator."""
