"""Learn an engine from an agent's recorded decisions, whatever the agent is for.

reading.py     traces and public data sets as `Decision`s, split by conversation
features.py    a decision's context as the encoder's input
folder.py      the learned engine's folder
network.py     the encoder with its heads (torch)
training.py    train and distil, resumable (torch)
evaluate.py    how well a folder does on traces
"""
