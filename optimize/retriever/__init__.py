"""Fine-tune the search's sentence encoder on one's own documents: one encoder for questions and passages alike.

pairs.py       questions with the passages that answer them, from documents, sample questions and recorded conversations
loss.py        multiple negatives ranking: the other passages of a batch are the wrong answers (torch)
model.py       the encoder with its weights to train, to mix and to keep (torch)
training.py    batches and the run, resumable (torch)
measure.py     hit@3, nDCG@10 and cosine, of an exported encoder
run.py         all of it in order, and whether the result may replace what is there
"""
