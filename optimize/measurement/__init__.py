"""What an engine costs and how right it is: size, speed, memory, accuracy, calibration; as tables and plots."""
