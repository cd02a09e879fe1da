"""Soft labels from the decisions themselves, by cross-fitting.

A teacher that has memorised its training decisions gives them one-hot labels. Here conversations are parted in
folds, and each fold is scored by networks trained on the others (cross-fitting; Breiman 1996, "Stacked
regressions"), so that the scores say how doubtful a decision is. The networks are small causal transformers over whole
conversations: one pass decides every turn, which is what makes it cheap.
"""
