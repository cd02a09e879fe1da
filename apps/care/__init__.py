"""The care of a shop's data: moved, copied, and handed out or erased for one customer.

`migrate`       a shop of files copied into PostgreSQL, and compared row by row
`backup`        a copy that is a shop of its own
`privacy`       one customer's data, over every table and file

What is too old goes by `shopbot.apps.serve.tidy`, which the server runs itself.
"""
