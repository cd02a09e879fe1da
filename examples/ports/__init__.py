"""Agents of LangChain's tutorials, each without the gate and with it; `tests/dropin/test_ports.py` attacks both."""
