"""ShopBot on PostgreSQL: what it withstands, and what a turn costs. Everything runs on this machine's loopback.

python -m benchmarks.scale.chaos --seconds 600 --customers 300 --workers 4
python -m benchmarks.scale.load --workers 4        turns a second beside one worker on SQLite and plain LangGraph
python -m benchmarks.scale.queries                 queries, rows and bytes of a turn
python -m benchmarks.scale.growth --conversations 1000 10000
python -m benchmarks.scale.restore                 copies taken while customers write: restored, served, audited
"""
