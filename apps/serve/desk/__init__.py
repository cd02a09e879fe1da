"""The staff's console at /desk: who may enter (`login`), conversations, and the shop's own pages."""
