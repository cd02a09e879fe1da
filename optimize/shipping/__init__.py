"""From a measured engine to the files that run: the export of the encoder, and the door that lets no worse one pass."""
