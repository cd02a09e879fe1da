"""The cascade: a cheap engine answers when it is sure enough, the next one otherwise (`cascade:SPEC,SPEC`)."""
