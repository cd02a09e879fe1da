"""The documentation site: its pages, and in `generate` what is made when it is built."""
