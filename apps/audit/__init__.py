"""`shopbot audit`: does what is in the books fit together? It reads databases, mailbox and carrier's ledger, no more.

`books`   what is read, as plain rows
`checks`  what must hold of them, one function each
`command` reads, checks and reports
"""
