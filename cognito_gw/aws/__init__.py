"""Access to AWS: clients, the meaning of errors, and waits."""
