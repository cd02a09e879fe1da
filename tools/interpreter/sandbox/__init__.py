"""The far side of the boundary: a fork server that runs programs nobody trusts, one confined child for each.

Runs in a process of its own (`python -I sandbox/__main__.py`), imports the standard library and what it preloads for
programs, and nothing else of this project: what is not in its memory cannot leak. In the order of a program's life:
`server` forks, `confine` takes every right away, `program` executes, `answer` puts the value into words; `sequence`
does the same for one plain program after another, and `plain` says which those are. `syscalls` and `seccomp` are the
boundary itself, `wire` is what both sides have to know.

Imports inside this package are relative because it is loaded under another name there than here.
"""
