"""The page at the root: what is deployed, what happens, and where to sign in."""
