"""Make a network smaller: fewer bits, fewer weights, fewer layers, narrower matrices, fewer words.

Works on modules, tensors and graphs, not on engines' folders: those are `shopbot.optimize.folders`.
"""
