"""`llama:MODEL`: a local model in the GGUF format, run by llama.cpp's server in this process.

- `model.py`: the LangChain chat model
- `loading.py`: from a file to a loaded model, or one sentence why not; `gguf_header.py`: what a file says about itself
- `runtime.py`: the loaded model: one answer at a time; `work.py`: its orders, and what they took
- `guide.py`: a small model is asked small things only, and code does the rest
- `notes.py`: what it writes about a customer's message; `examples.py`: those worked out before that are most alike
- `relevant.py`: the phrases that name something known; `wording.py`: replies from templates
- `prompting.py`: from messages to a prompt, from the prompt to text; `chat.py`: the model's own chat template
- `catalogue.py`: every action offered so far, so that prompts begin alike
- `fitting.py`: what is cut when the context is short
- `answer_grammar.py`: a whole answer as a grammar: thought, calls or reply; `grounded.py`: of what there is to say now
- `json_grammar.py`: a JSON schema as a grammar; `literals.py`, `number_grammar.py`, `pattern_grammar.py`, `schemas.py`
- `answers.py`: what was decoded, read back; `messages.py`: in LangChain's forms
- `store.py`: models by name, and how one comes to be here
- `measure.py`: how fast a file decodes here, and what the machine could run
"""
