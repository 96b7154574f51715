"""A small server on the loopback with responses that a test sets."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Answers with the page of a path, and records its requests."""

    def do_GET(self):
        """Answer any request."""
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        page = self.server.pages.get(self.path.partition("?")[0])
        status = 404 if page is None else 200
        if isinstance(page, tuple):
            status, page = page
        content = json.dumps(page).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self):
        """Answer as for GET."""
        self.do_GET()

    def do_OPTIONS(self):
        """Answer as for GET."""
        self.do_GET()

    def log_message(self, *_):
        """Log nothing."""


class Served(ThreadingHTTPServer):
    """Serves JSON pages by path: a document, or a status with a document."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages, self.headers, self.seen = {}, {}, []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        """Start the server."""
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.thread.start()
        return self

    def __exit__(self, *_):
        """Stop the server, and free its port."""
        self.shutdown()
        self.thread.join()
        self.server_close()
