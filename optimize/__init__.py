"""Optimisation of reasoning engines: distil, quantise, prune, factorise, measure, ship. Needs the `optimize` extra;
nothing below imports it, and nothing of it runs when an agent does.

config           the settings of all training, without torch
training         one training loop
encoder          the pretrained encoder that everything starts from
compression/     on matrices: quantise, prune, factorise, keep layers, trim the vocabulary
distillation/    the losses, and several teachers as one
traces/          an engine learned from recorded decisions: network, objective, training
crossfit/        soft labels by networks that never saw the conversation
folders/         each technique done to an engine's folder
measurement/     size, speed, memory, accuracy, calibration, side by side, as tables and plots
shipping/        an engine put in place unless it is worse; the export of the embedding encoder
cascade          the confidence from which on a cheap engine answers
decoders/        language models for llama.cpp
retriever/       the embedding model, tuned on a shop's own documents
shopbot/         the generator of the shop's conversations; its reading network: train, distil, export
"""
