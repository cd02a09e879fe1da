"""Text to vectors: the embedding model that ships with the project.

from engines.embedding import Encoder
Encoder().encode(["How long do I have to return something?"])
"""

from engines.embedding.encoder import DIMENSIONS, MAX_TOKENS, Encoder, EncoderError

__all__ = ["DIMENSIONS", "MAX_TOKENS", "Encoder", "EncoderError"]
