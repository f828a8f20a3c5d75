"""The embedded stack: a real broker, the development identity authority and whatever else `fixgate up` starts.

Nothing here is meant for production; each part says so. `stack.py` puts the parts in order, `supervisor.py` keeps the
processes alive, `home.py` says where everything lies.
"""
