"""Tokens: how to get them, where they are kept, and a call that carries one."""
