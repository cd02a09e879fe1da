"""The demo shop: made-up customers, products and orders, the same every time but for dates relative to today."""
