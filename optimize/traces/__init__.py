"""Learn an engine from an agent's recorded decisions, whatever the agent is for.

reading      traces and STAR's rows as decisions, split by conversation (star)
batches      encoded decisions as padded tensors
network      the encoder with its heads
objective    the loss of a batch
teachers     soft labels, calibration
imitation    the loss of features and relations
fitting      training of networks, also of ones that a technique has cut
training     a whole engine, generation by generation
saving       a network to and from its folder
evaluate     how well a folder does on traces, without torch
"""
