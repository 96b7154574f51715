"""Whether this machine and this account are ready for cgw: one finding per check.

The checks change nothing. A check that fails or is denied does not stop the others; a
check that cannot be carried out is skipped, with the reason.
"""
