"""The packages that a function's code folder lists, built for where they run.

`lock.py` reads the list, `target.py` describes Lambda or this machine, `install.py`
runs uv, pip or npm, and `build.py` keeps the results in the user's cache directory.
"""
