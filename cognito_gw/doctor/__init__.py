"""Whether this machine and this account are ready for cgw: one finding per check.

Nothing is changed, here or there. A check that fails, or is denied, stops no other;
what cannot be found out is skipped, and says why.
"""
