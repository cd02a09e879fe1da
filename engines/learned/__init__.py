"""The learned engine: one that `optimize` made from an agent's recorded decisions. No key, no network, milliseconds."""
