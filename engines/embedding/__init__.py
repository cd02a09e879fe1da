"""Text to vectors: the embedding model that ships with the project.

from shopbot.engines.embedding import Encoder
Encoder().encode(["How long do I have to return something?"])
"""

from shopbot.engines.embedding.encoder import DIMENSIONS, MAX_TOKENS, Encoder, EncoderError, cosines

__all__ = ["DIMENSIONS", "MAX_TOKENS", "Encoder", "EncoderError", "cosines"]
