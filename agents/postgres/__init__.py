"""Conversations in PostgreSQL, for any number of processes on any number of machines.

`worker`  a process's place among them: alive as long as its heart beats, shut out for good once it was declared dead
`locks`   one turn at a time in a conversation: a lease that falls with its worker
`batch`   what a turn writes, kept back until something depends on it, then written at once
`memory`  LangGraph's saver over all that
`journal` what was received and what was done, in the same transactions
"""
