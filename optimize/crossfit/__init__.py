"""Soft labels from the decisions themselves: networks of another kind judge conversations that they never saw.

A teacher that has learned a decision by heart says nothing about it but its label. Here conversations are parted in
folds, and each fold is judged by networks trained on the others (cross-fitting; Breiman 1996, "Stacked
regressions"), so that the scores say how doubtful a decision is. The networks are small causal transformers over whole
conversations: one pass decides every turn, which is what makes it cheap.
"""
