"""The configuration file: its model, and all its problems in one report."""
