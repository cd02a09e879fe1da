"""Alembic's environment (`env.py`) and the schema's history (`versions`); run by `shopbot.shop.database.migrate`."""
