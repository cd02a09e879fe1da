"""Optimisation of reasoning engines: distil, quantise, prune, factorise, measure, ship. Needs the `optimize` extra;
nothing of it runs when an agent does, but for numpy-only modules that say so.

learn    traces/ (engines from recorded decisions), trace_format, training, retriever/ (the embedding model)
distil   losses, distil, students, features, retrain, lora
shrink   quantise, fake_quantise, graph_weights, prune, sparsity, importance, factorise, vocabulary; anatomy and reshape
         know where the matrices of a network are; compress, quantise_folder and feeds do it to an engine's folder
measure  measure, probe, latency, graph_cost, calibration, side_by_side, plots; cascade (from which confidence on a
         cheap engine is believed)
ship     ship, export_encoder, gguf_file, gguf_vocabulary, decoders/ (language models for llama.cpp)
shop     conversations/ (the generator), planner_data, planner_model, train_planner, distil_planner, export_planner
"""
