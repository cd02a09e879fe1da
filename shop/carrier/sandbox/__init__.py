"""The sandbox carrier: a server that speaks the wire format of EasyPost and prints labels that no carrier takes."""
