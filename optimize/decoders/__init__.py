"""Small decoders of the Llama architecture, from torch to llama.cpp.

    teach       a student learns the teacher's distribution of every next token
    export      torch or Hugging Face -> GGUF in 16 bits
    quantise    GGUF -> smaller GGUF, by llama.cpp's own quantiser

What cuts them down is what cuts encoders down: `students`, `prune` (evenly: all layers alike), `factorise` and
`vocabulary` of `shopbot.optimize.compression`.
"""
