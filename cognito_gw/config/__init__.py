"""The file: its shape, how it is read, and every complaint about it at once."""
