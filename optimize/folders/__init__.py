"""Each technique, done to the folder of a learned engine: read it, shrink it, train it again, write another."""
