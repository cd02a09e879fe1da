"""What people dictate, as it is written: numbers, order numbers and e-mail addresses. Pure functions, English only."""
