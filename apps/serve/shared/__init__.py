"""Several server processes over one PostgreSQL: what they keep in common, and how they tell each other.

`tables`   the server's records in PostgreSQL, in the place of its SQLite file
`store`    conversations whose messages are claimed: each is answered by one worker, and by another when that one dies
`relay`    what happens in a conversation reaches whoever listens, at whichever worker
`sessions` staff who are logged in at one worker are at all
`workers`  the processes, started anew when they end
"""
