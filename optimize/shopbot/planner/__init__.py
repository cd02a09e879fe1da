"""The reading network of the shop: its examples as tensors, its training, its distillation, its export."""
