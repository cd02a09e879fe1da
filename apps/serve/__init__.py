"""`shopbot serve`: one process that serves an agent to customers, staff and programs.

A request comes in through the middleware (`guard`), is told whose it is (`access`), and becomes an entry of a
conversation (`store`). A turn of the agent answers it (`turns`), and what happens meanwhile goes to whoever listens
(`hub`, `events`). The pages are files under `static/` and `templates/`, their words under `prompts/serve/`.
"""
