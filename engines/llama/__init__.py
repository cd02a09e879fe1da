"""`llama:FILE.gguf`: a local model in the GGUF format, run by llama.cpp through the `llama` extra.

- `model.py`: the LangChain chat model
- `loading.py`: from a file to a loaded model, or one sentence why not
- `runtime.py`: the loaded model: which tokens are already evaluated, one answer at a time; `work.py`: its orders
- `prompting.py`: from messages to a prompt, from the prompt to text; `chat.py`: the model's own chat template
- `catalogue.py`: every action offered so far, so that prompts begin alike
- `fitting.py`: what is cut when the context is short
- `answer_grammar.py`: a whole answer as a grammar: thought, calls or reply
- `json_grammar.py`: a JSON schema as a grammar; `number_grammar.py`, `pattern_grammar.py`, `schemas.py` are parts of it
- `sampling.py`: the next token that the grammar lets through
- `answers.py`: what was decoded, read back
- `measure.py`: how fast a file decodes here, and what the machine could run
"""
