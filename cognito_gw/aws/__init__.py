"""The only way to AWS: clients, what its errors mean, and how long to wait for it."""
