"""The losses of distillation, and several teachers averaged into one."""
