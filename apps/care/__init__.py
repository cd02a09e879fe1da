"""The care of a shop's data: moved, copied, cleared out, and handed out or erased for one customer.

`keeping`       the places where a shop keeps what was said: server's records and checkpoints, SQLite or PostgreSQL
`migrate`       a shop of files copied into PostgreSQL, and compared row by row
`backup`        a copy that is a shop of its own
`tidy`          what is older than the shop wants to keep goes; checkpoints are cut back to what resuming needs
`privacy`       one customer's data, over every table and file
"""
