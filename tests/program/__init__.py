"""The program for tests that run it a hundred times: start-up is paid once (server.py, client.py)."""
