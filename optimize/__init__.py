"""Optimisation of reasoning engines: distil, quantise, prune, factorise, measure, ship. Needs the `optimize` extra;
nothing of it runs when an agent does, but for numpy-only modules that say so.

From the bottom up:

training, trace_format, graphs   one training loop; recorded decisions; ONNX sessions
compression/     on matrices: quantise, prune, factorise, keep layers, trim the vocabulary
distillation/    the losses, and several teachers as one
traces/          an engine learned from recorded decisions: encoding, network, training, prediction
folders/         each technique done to an engine's folder; training it again after a cut
measurement/     size, speed, memory, accuracy, calibration, side by side, as tables and plots
shipping/        the door that no worse engine passes; the export of the embedding encoder
cascade          from which confidence on a cheap engine is believed
decoders/        language models for llama.cpp
retriever/       the embedding model of a shop's own documents
conversations/   the generator of the shop's conversations
planner/         the shop's reading network: train, distil, export
"""
