"""From a measured engine to the files that run: export of the encoder, and shipping that refuses a worse engine."""
