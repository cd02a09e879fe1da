"""Customers' messages for training the planner: phrases written by hand in `phrases/`, composed by a seeded generator.

phrasebook   the YAML files as families of wordings, split by wording into train, dev and test
grammar      "(a|b) [c] {slot}" -> pieces of text, each with the span kind it carries
slots        the values a wording is filled with: order numbers, addresses, items, sums
compose      families -> one message in one manner of writing
context      what was said before, as the line the reader sees
corpus       examples as JSON lines
external     two public data sets mapped to the same acts (training and evaluation, never copied here)
"""
